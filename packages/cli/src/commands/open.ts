import { spawn } from 'node:child_process';
import { command, success } from '../framework/command.ts';
import { findDeployment } from '../framework/find-deployment.ts';

export const open = command({
  name: 'open',
  summary: "Open a project's site, or one deployment's, in the browser",
  arguments: [{ name: 'deployment', help: 'id or short id (default: production)', optional: true }],
  options: { print: { kind: 'flag', help: 'only print the address' } },
  project: true,
  examples: ['anchor open', 'anchor open 3k9x2m1qz --print'],
  async run(context, { deployment, print }) {
    const client = await context.client();
    if (!client.ok) return client;
    let url: string;
    if (deployment !== undefined) {
      const found = await findDeployment(context, client.value, deployment);
      if (!found.ok) return found;
      url = found.value.url;
    } else {
      const name = await context.project();
      if (!name.ok) return name;
      const project = await client.value.projects.get({ project: name.value }, { signal: context.signal });
      if (!project.ok) return project;
      url = project.value.url;
    }
    if (!print && !context.out.json && /^https?:\/\//.test(url)) startBrowser(url);
    return success({ url }, url);
  },
});

/** Starts a browser. Where there is none, the printed address is the result. */
function startBrowser(url: string): void {
  const child = spawn('xdg-open', [url], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
}
