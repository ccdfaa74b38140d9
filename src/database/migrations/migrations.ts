import { CreateUsersAndIdentities1763600000000 } from './1763600000000-create-users-and-identities.js';
import { CreateKeys1763600100000 } from './1763600100000-create-keys.js';
import { CreateCredentials1763600800000 } from './1763600800000-create-credentials.js';
import { CreateMerges1763601000000 } from './1763601000000-create-merges.js';
import { CreateAuditEvents1763600700000 } from './1763600700000-create-audit-events.js';
import { CreateRateLimits1763600710000 } from './1763600710000-create-rate-limits.js';
import { CreateAccessTokens1763600500000 } from './1763600500000-create-access-tokens.js';
import { CreateRegistrationTickets1763600900000 } from './1763600900000-create-registration-tickets.js';
import { CreateRevocations1763600300000 } from './1763600300000-create-revocations.js';
import { CreateSessions1763600200000 } from './1763600200000-create-sessions.js';
import { CreateWechatSessions1763600400000 } from './1763600400000-create-wechat-sessions.js';
import { CreateAvatars1763601100000 } from './1763601100000-create-avatars.js';
import { CreatePushEvents1763600600000 } from './1763600600000-create-push-events.js';
import { CreateErasures1763600610000 } from './1763600610000-create-erasures.js';

/** Every migration, oldest first. A released migration is never changed. */
export const MIGRATIONS = [
  CreateUsersAndIdentities1763600000000,
  CreateKeys1763600100000,
  CreateSessions1763600200000,
  CreateRevocations1763600300000,
  CreateWechatSessions1763600400000,
  CreateAccessTokens1763600500000,
  CreatePushEvents1763600600000,
  CreateErasures1763600610000,
  CreateAuditEvents1763600700000,
  CreateRateLimits1763600710000,
  CreateCredentials1763600800000,
  CreateRegistrationTickets1763600900000,
  CreateMerges1763601000000,
  CreateAvatars1763601100000,
];
