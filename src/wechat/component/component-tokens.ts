/** Where the component_access_token of one third-party platform comes from. */
export interface ComponentTokens {
  /**
   * A token that should be good at this moment.
   *
   * @throws AppError WECHAT_UNAVAILABLE, WECHAT_MISCONFIGURED
   */
  current(): Promise<string>;

  /** Hears that WeChat does not accept a token that `current` gave, so that it is not given again if another can be had. */
  refused(token: string): void;
}

/** The one token that the configuration names. WeChat's live two hours, so this is for tests. */
export class FixedComponentToken implements ComponentTokens {
  constructor(private readonly token: string) {}

  async current(): Promise<string> {
    return this.token;
  }

  refused(): void {
    // There is no other.
  }
}
