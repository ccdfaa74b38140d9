import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { FAULT_KINDS, type Fault, type FaultInForce } from './faults.js';
import type { SandboxCall } from './call-log.js';
import { SANDBOX_APIS, type SandboxApi } from './wechat-answer.js';

const USER_ID = /^[A-Za-z0-9_-]{1,64}$/;
const IsUserId = () => Matches(USER_ID, { message: '$property must be 1 to 64 letters, digits, _ or -' });

const FAULT_TARGETS = [...SANDBOX_APIS, '*'] as const;
const DELAY_MS_MAX = 60_000;
const TIMES_MAX = 1_000_000;
const INT32_MAX = 2 ** 31 - 1;

// A year at a time is more than any lifetime in this repository needs.
const ADVANCE_SECONDS_MAX = 366 * 86_400;

/** `POST /sandbox/users` */
export class SandboxUserRequest {
  @ApiPropertyOptional({ pattern: USER_ID.source, description: 'Random if absent' })
  @IsOptional()
  @IsUserId()
  id?: string;

  @ApiPropertyOptional({ description: 'Whether apps bound to an Open Platform account learn a unionid; true at first' })
  @IsOptional()
  @IsBoolean()
  unionid?: boolean;

  @ApiPropertyOptional({ description: 'Whether WeChat answers 40226 for this user; false at first' })
  @IsOptional()
  @IsBoolean()
  blocked?: boolean;
}

/** A user of the sandbox, with the openid in every app. */
export class SandboxUserAnswer {
  @ApiProperty()
  id!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, description: 'appId to openid' })
  openids!: Record<string, string>;
}

/** `POST /sandbox/wx-login` */
export class WxLoginRequest {
  @ApiProperty({ pattern: USER_ID.source, description: 'Made if unknown' })
  @IsUserId()
  user!: string;

  @ApiPropertyOptional({ description: 'The first app if absent' })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  appId?: string;
}

/** What `wx.login` hands to the mini-program. */
export class WxLoginAnswer {
  @ApiProperty()
  code!: string;

  @ApiProperty({ description: 'Seconds' })
  expiresIn!: number;
}

/** `POST /sandbox/apps/:appId` */
export class SandboxAppRequest {
  @ApiProperty({ type: String, nullable: true, description: 'null unbinds the app' })
  @ValidateIf((request: SandboxAppRequest) => request.openPlatform !== null)
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: '$property must be null or 1 to 128 visible ASCII characters' })
  openPlatform!: string | null;
}

/** The binding of an app. */
export class SandboxAppAnswer {
  @ApiProperty()
  appId!: string;

  @ApiProperty({ type: String, nullable: true })
  openPlatform!: string | null;
}

/** `POST /sandbox/faults` */
export class FaultRequest {
  @ApiProperty({ enum: FAULT_TARGETS })
  @IsIn(FAULT_TARGETS)
  api!: SandboxApi | '*';

  @ApiProperty({ enum: FAULT_KINDS })
  @IsIn(FAULT_KINDS)
  kind!: Fault['kind'];

  @ApiPropertyOptional({ minimum: 0, maximum: DELAY_MS_MAX, description: 'Required for delay' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(DELAY_MS_MAX)
  ms?: number;

  @ApiPropertyOptional({ description: 'Required for errcode' })
  @IsOptional()
  @IsInt()
  @Min(-INT32_MAX)
  @Max(INT32_MAX)
  errcode?: number;

  @ApiPropertyOptional({ minimum: 200, maximum: 599, description: 'Required for status' })
  @IsOptional()
  @IsInt()
  @Min(200)
  @Max(599)
  status?: number;

  @ApiPropertyOptional({ minimum: 0, default: 1, description: 'Calls it strikes; 0 until cleared' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(TIMES_MAX)
  times?: number;
}

/** The faults that wait for a call, oldest first. */
export class FaultsAnswer {
  @ApiProperty({
    type: 'array',
    items: { type: 'object', description: 'api, kind, what the kind needs, timesLeft (null: until cleared)' },
  })
  faults!: FaultInForce[];
}

/** `GET /sandbox/calls` */
export class CallsQuery {
  @ApiPropertyOptional({ enum: SANDBOX_APIS })
  @IsOptional()
  @IsIn(SANDBOX_APIS)
  api?: SandboxApi;
}

/** The calls that reached the sandbox, oldest first. */
export class CallsAnswer {
  @ApiProperty({ type: 'array', items: { type: 'object', description: 'api, appId or null, at, errcode' } })
  calls!: SandboxCall[];
}

/** `POST /sandbox/clock` */
export class ClockRequest {
  @ApiProperty({ minimum: 0, maximum: ADVANCE_SECONDS_MAX })
  @IsInt()
  @Min(0)
  @Max(ADVANCE_SECONDS_MAX)
  advanceSeconds!: number;
}

/** The sandbox's time, ISO 8601. */
export class ClockAnswer {
  @ApiProperty({ format: 'date-time' })
  now!: string;
}
