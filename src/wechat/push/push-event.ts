/** Something that WeChat told this server about an app, verified and parsed. */
export interface PushEvent {
  /** The same for every repeat of one event; a subscriber can go by it to act once. */
  readonly id: string;
  /** Of the request that brought it, for logs. */
  readonly traceId: string;
  readonly appId: string;
  /** The person it is about; null when WeChat named none. */
  readonly openid: string | null;
  /** `Event` as WeChat spells it; for a message that is no event its `MsgType`. */
  readonly name: string;
  /** By WeChat's clock, in whole seconds since 1970. There is no age limit: WeChat may be late. */
  readonly createdAt: number;
  /** Whether it came encrypted. What came in plain mode may be made up by whoever has seen one URL of a push. */
  readonly secure: boolean;
  /** All fields at the top of the message, names and values without stray spaces, nothing else about them checked. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An event before it is told apart from its repeats. */
export type ParsedPush = Omit<PushEvent, 'id' | 'traceId'>;

// Mini-programs must delete what these name (framework/open-ability/… "授权用户信息变更").
const DELETING: ReadonlySet<string> = new Set(['user_authorization_revoke', 'user_authorization_cancellation']);

/** Whether an event obliges to delete something of a person. */
export function isDeleting(name: string): boolean {
  return DELETING.has(name);
}

/** Whether this server knows what an event means. */
export function isKnown(name: string): boolean {
  return isDeleting(name) || name === 'user_info_modified';
}
