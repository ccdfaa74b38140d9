import { Controller, Get, HttpException, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheckService, type HealthCheckResult, type HealthIndicatorResult } from '@nestjs/terminus';
import { AppError } from '../errors/app-error.js';
import { Public } from '../http/access.decorator.js';
import { Readiness } from './readiness.js';

/** Tells orchestrators whether the process lives and whether it can serve. */
@ApiTags('health')
@Public()
@Controller({ version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
  ) {}

  @Get('healthz')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** @throws AppError SERVICE_UNAVAILABLE - with what is missing */
  @Get('readyz')
  async ready(): Promise<HealthCheckResult> {
    try {
      return await this.health.check(this.readiness.checks());
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      const { error: failed } = error.getResponse() as { error?: HealthIndicatorResult };
      throw new AppError('SERVICE_UNAVAILABLE', { detail: describe(failed ?? {}), retryAfterSeconds: 2 });
    }
  }
}

function describe(failed: HealthIndicatorResult): string {
  const problems = Object.entries(failed).map(
    ([name, { message }]) => `${name}: ${typeof message === 'string' ? message : 'down'}`,
  );
  // Terminus refuses without a failed check once the server is closing.
  return problems.join('; ') || 'shutting down';
}
