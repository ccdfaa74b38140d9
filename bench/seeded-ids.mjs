// Seeded rows have ids that can be computed from their number, which keeps load and limits free of look-ups. They grow
// like the server's own UUIDv7.
const PREFIX = {
  user: '018f0000-0000-7000-8000-',
  identity: '018f0000-0000-7001-8000-',
  session: '018f0000-0000-7002-8000-',
};

/** The id of the nth seeded row. */
export function seededId(kind, n) {
  return PREFIX[kind] + n.toString(16).padStart(12, '0');
}

/** The same as SQL, of an SQL expression. */
export function seededIdSql(kind, n) {
  return `('${PREFIX[kind]}' || lpad(to_hex((${n})::bigint), 12, '0'))::uuid`;
}
