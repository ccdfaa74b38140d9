import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import { Optional } from '../http/optional.decorator.js';
import type { SandboxCall } from './call-log.js';
import type { CallQuota } from './call-quotas.js';
import { FAULT_KINDS, type Fault, type FaultInForce } from './faults.js';
import { RISK_LABELS, SUGGESTIONS, type RiskyText } from './risky-texts.js';
import { IsAppId } from './sandbox-people.dto.js';
import { TOKEN_ERRCODES, type TokenErrcode } from './access-tokens.js';
import { SANDBOX_APIS, type SandboxApi } from './wechat-answer.js';

const FAULT_TARGETS = [...SANDBOX_APIS, '*'] as const;
const DELAY_MS_MAX = 60_000;
const TIMES_MAX = 1_000_000;
const INT32_MAX = 2 ** 31 - 1;

// A year at a time is more than any lifetime in this repository needs.
const ADVANCE_SECONDS_MAX = 366 * 86_400;

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
  @Optional()
  @IsInt()
  @Min(0)
  @Max(DELAY_MS_MAX)
  ms?: number;

  @ApiPropertyOptional({ description: 'Required for errcode' })
  @Optional()
  @IsInt()
  @Min(-INT32_MAX)
  @Max(INT32_MAX)
  errcode?: number;

  @ApiPropertyOptional({ minimum: 200, maximum: 599, description: 'Required for status' })
  @Optional()
  @IsInt()
  @Min(200)
  @Max(599)
  status?: number;

  @ApiPropertyOptional({ minimum: 0, default: 1, description: 'Calls it strikes; 0 until cleared' })
  @Optional()
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
  @Optional()
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

/** `POST /sandbox/access-tokens/expire` */
export class ExpireTokensRequest {
  @ApiPropertyOptional({ description: 'Every app if absent' })
  @Optional()
  @IsAppId()
  appId?: string;

  @ApiPropertyOptional({ enum: TOKEN_ERRCODES, default: 42001, description: 'What calls with them are answered' })
  @Optional()
  @IsIn(TOKEN_ERRCODES)
  errcode?: TokenErrcode;
}

/** `POST /sandbox/quotas` */
export class QuotaRequest {
  @ApiProperty({ enum: SANDBOX_APIS })
  @IsIn(SANDBOX_APIS)
  api!: SandboxApi;

  @ApiPropertyOptional({ minimum: 0, description: 'Calls a minute and app; unlimited if absent' })
  @Optional()
  @IsInt()
  @Min(0)
  @Max(INT32_MAX)
  minute?: number;

  @ApiPropertyOptional({ minimum: 0, description: 'Calls a day and app; unlimited if absent' })
  @Optional()
  @IsInt()
  @Min(0)
  @Max(INT32_MAX)
  day?: number;
}

/** The calls that have a quota. */
export class QuotasAnswer {
  @ApiProperty({ type: 'array', items: { type: 'object', description: 'api, minute, day (null: unlimited)' } })
  quotas!: (CallQuota & { readonly api: SandboxApi })[];
}

/** `POST /sandbox/risky-texts` */
export class RiskyTextRequest {
  @ApiProperty({ minLength: 1, maxLength: 200, description: 'WeChat objects to whatever contains it' })
  @IsString()
  @Length(1, 200)
  text!: string;

  @ApiPropertyOptional({ enum: SUGGESTIONS, default: 'risky' })
  @Optional()
  @IsIn(SUGGESTIONS)
  suggest?: RiskyText['suggest'];

  @ApiPropertyOptional({ enum: RISK_LABELS, default: 20006 })
  @Optional()
  @IsIn(RISK_LABELS)
  label?: RiskyText['label'];
}
