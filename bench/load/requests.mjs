/** Requests as `HttpConnection` takes them; headers are a flat list of names and values. */
export function get(path, ...headers) {
  return { method: 'GET', path, headers };
}

export function postJson(path, body, ...headers) {
  return {
    method: 'POST',
    path,
    headers: ['content-type', 'application/json', ...headers],
    body: JSON.stringify(body),
  };
}

export function postForm(path, fields, ...headers) {
  const body = new URLSearchParams(fields).toString();
  return { method: 'POST', path, headers: ['content-type', 'application/x-www-form-urlencoded', ...headers], body };
}

export function bearer(token) {
  return ['authorization', `Bearer ${token}`];
}
