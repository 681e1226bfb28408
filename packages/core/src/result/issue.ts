/** zod's report of one invalid value. */
type Issue = Readonly<{ path: readonly PropertyKey[]; message: string; code?: string | undefined }>;

/** The words of an issue: a regular expression does not help a user, so a schema without its own text gets this. */
export const issueText = ({ message }: Pick<Issue, 'message'>): string =>
  /must match pattern|regex/i.test(message) ? 'has characters that are not allowed here' : message;

/** Describes an issue with its path: "components.web.headers.0: …"; undefined without an issue. */
export const describeIssue = (issue: Issue | undefined): string | undefined =>
  issue === undefined ? undefined : `${issue.path.map(String).join('.')}: ${issueText(issue)}`;
