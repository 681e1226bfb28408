/** The text of a response that the edge itself produces. */
export type Problem = Readonly<{
  status: number;
  title: string;
  /** The error in a sentence or two. */
  what: string;
  /** How to fix it. */
  fix: string;
  code: string;
  /** For the project's own runtime log alone: nothing of it is shown to a visitor. */
  detail?: string | undefined;
}>;

export type RenderedProblem = Readonly<{ type: string; body: string }>;

/** Returns the time of the error, so that it can be found in a log. */
const timeNow = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

/** Renders the problem as JSON (problem+json), as a page for browsers, or as plain text for all other clients. */
export function renderProblem(problem: Problem, requestId: string, accept: string | undefined): RenderedProblem {
  const wants = accept ?? '';
  if (/application\/(?:problem\+)?json/i.test(wants) && !/text\/html/i.test(wants)) {
    const { status, title, what, fix, code } = problem;
    return {
      type: 'application/problem+json',
      body: `${JSON.stringify({ type: 'about:blank', title, status, detail: what, code, fix, requestId, time: timeNow() })}\n`,
    };
  }
  if (/text\/html/i.test(wants)) return { type: 'text/html; charset=utf-8', body: page(problem, requestId) };
  return {
    type: 'text/plain; charset=utf-8',
    body: `${problem.status} ${problem.title}\n\n${problem.what}\n${problem.fix}\n\nRequest ${requestId}, ${timeNow()}\n`,
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);

const STYLE =
  ':root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.6 system-ui,sans-serif;background:#fff;color:#16181d}' +
  'main{max-width:34rem;padding:2rem}b{font-size:.9rem;letter-spacing:.08em;color:#5b6472}h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 1rem}p{margin:.5rem 0;overflow-wrap:anywhere}' +
  'small{display:block;margin-top:2rem;color:#5b6472;font-family:ui-monospace,monospace}@media(prefers-color-scheme:dark){body{background:#0e1116;color:#e8eaee}b,small{color:#98a1b0}}';

function page({ status, title, what, fix }: Problem, requestId: string): string {
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${status} ${escape(title)}</title><style>${STYLE}</style></head>` +
    `<body><main><b>${status}</b><h1>${escape(title)}</h1><p>${escape(what)}</p><p>${escape(fix)}</p><small>Request ${escape(requestId)}<br>${timeNow()}</small></main></body></html>\n`
  );
}
