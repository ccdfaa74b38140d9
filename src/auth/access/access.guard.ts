import { Injectable, SetMetadata, createParamDecorator, type ExecutionContext, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '../../errors/app-error.js';
import { ACCESS, type Access } from '../../http/access.decorator.js';
import type { Principal } from './principal.js';
import { SessionLiveness } from './session-liveness.js';
import { TokenCarriers, type RequestWithToken } from './token-carriers.js';
import { VerifiedTokens } from './verified-tokens.js';

const ROLES = 'wechat-passport:roles';
const STRICT = 'wechat-passport:strict';

// A token of this role has to be shown on purpose: no browser may add it to a request by itself.
const ADMIN = 'admin';

/** Lets in only callers that have at least one of these roles; where `admin` is among them, nobody by cookie. */
export const Roles = (...roles: string[]) => SetMetadata(ROLES, roles);

/** Asks the database whether the session is alive, on routes where the second that the feed may need is too long. */
export const Strict = () => SetMetadata(STRICT, true);

/** The caller of a route that `AccessGuard` has let through. */
export const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<GuardedRequest>().user,
);

type GuardedRequest = RequestWithToken & { user?: Principal };

/** What is declared on a route. */
interface RouteRules {
  readonly access: Access | undefined;
  readonly roles: readonly string[] | undefined;
  readonly strict: boolean;
}

type Handler = ReturnType<ExecutionContext['getHandler']>;

/**
 * Lets a request through when its access token is good, and tells the handler who is calling.
 *
 * Works on any route of any controller, on Fastify and on Express. A token is verified by Passport's `jwt` strategy once
 * and remembered; no guarded request needs a query, unless its route is `@Strict()`. A session that was ended anywhere is
 * refused within a second.
 *
 * @throws AppError ACCESS_TOKEN_MISSING, ACCESS_TOKEN_EXPIRED, ACCESS_TOKEN_INVALID, SESSION_EXPIRED, SESSION_REVOKED,
 *   USER_DISABLED, FORBIDDEN; SERVICE_UNAVAILABLE - this instance is cut off from the database and cannot know
 */
@Injectable()
export class AccessGuard extends AuthGuard('jwt') {
  // By class as well: a handler may be inherited.
  private readonly rules = new WeakMap<Type, WeakMap<Handler, RouteRules>>();

  constructor(
    private readonly reflector: Reflector,
    private readonly verified: VerifiedTokens,
    private readonly liveness: SessionLiveness,
    private readonly carriers: TokenCarriers,
  ) {
    super();
  }

  override canActivate(context: ExecutionContext): true | Promise<boolean> {
    if (this.isOpen(context)) return true;
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    const token = this.carriers.tokenOf(request);
    if (!token) throw new AppError('ACCESS_TOKEN_MISSING');
    const known = this.verified.get(token);
    return known ? this.admit(context, request, known) : this.verify(context, request, token);
  }

  /** Whether the route needs no access token; override it where that depends on the request. */
  protected isOpen(context: ExecutionContext): boolean {
    const { access } = this.rulesOf(context);
    return access === 'public' || access === 'client' || access === 'wechat';
  }

  private async verify(context: ExecutionContext, request: GuardedRequest, token: string): Promise<boolean> {
    await super.canActivate(context);
    const principal = request.user!;
    this.verified.add(token, principal);
    return this.admit(context, request, principal);
  }

  private admit(context: ExecutionContext, request: GuardedRequest, principal: Principal): true | Promise<true> {
    const { roles, strict } = this.rulesOf(context);
    const alive = this.liveness.demand(principal.sessionId, strict);
    const letIn = (): true => {
      if (roles && !roles.some((role) => principal.roles.includes(role))) throw new AppError('FORBIDDEN');
      if (roles?.includes(ADMIN) && this.carriers.isByCookie(request)) {
        throw new AppError('FORBIDDEN', { detail: 'A cookie is not accepted here.' });
      }
      request.user = principal;
      return true;
    };
    return alive === true ? letIn() : alive.then(letIn);
  }

  /** Decorators do not change while the server runs, so each route is read once. */
  private rulesOf(context: ExecutionContext): RouteRules {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    let ofController = this.rules.get(controller);
    if (!ofController) this.rules.set(controller, (ofController = new WeakMap()));
    let rules = ofController.get(handler);
    if (!rules) ofController.set(handler, (rules = this.readRules(handler, controller)));
    return rules;
  }

  private readRules(handler: Handler, controller: Type): RouteRules {
    const read = <Value>(key: string) =>
      this.reflector.getAllAndOverride<Value | undefined>(key, [handler, controller]);
    return { access: read(ACCESS), roles: read(ROLES), strict: read(STRICT) ?? false };
  }

  /** Passport tells why it refused in `info`; @nestjs/passport would throw that away. */
  override handleRequest<User>(error: unknown, user: User | false | null, info: unknown): User {
    if (user && !error) return user;
    const reason = error ?? info;
    if (reason instanceof AppError) throw reason;
    if (reason instanceof Error && reason.name === 'TokenExpiredError') throw new AppError('ACCESS_TOKEN_EXPIRED');
    throw new AppError('ACCESS_TOKEN_INVALID', { cause: reason });
  }
}
