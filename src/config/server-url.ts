const WILDCARD_HOSTS = new Set(['0.0.0.0', '::']);

/** Where a server that listens so is reached from its own machine, without a trailing slash. */
export function serverUrl(host: string, port: number): string {
  const name = WILDCARD_HOSTS.has(host) ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
