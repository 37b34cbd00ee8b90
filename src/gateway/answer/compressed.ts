/** Whether a body comes in a coding that is not read here; none was asked for. The names of codings have no case. */
export function isCompressed(headers: Readonly<Record<string, string | readonly string[] | undefined>>): boolean {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && !/^(identity)?$/i.test(String(encoding).trim());
}
