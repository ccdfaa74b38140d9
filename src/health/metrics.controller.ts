import { timingSafeEqual } from 'node:crypto';
import { Controller, Get, Header, Headers, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { ServerSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { Public } from '../http/access.decorator.js';
import { METRICS_CONTENT_TYPE, renderMetrics } from './metrics.js';

/** Metrics for Prometheus, behind `METRICS_TOKEN` when that is set. */
@ApiExcludeController()
@Public()
@Controller({ path: 'metrics', version: VERSION_NEUTRAL })
export class MetricsController {
  constructor(private readonly settings: ServerSettings) {}

  @Get()
  @Header('content-type', METRICS_CONTENT_TYPE)
  metrics(@Headers('authorization') authorization: string | undefined): Promise<string> {
    const token = this.settings.metricsToken;
    if (token !== null && !isSame(authorization ?? '', `Bearer ${token}`)) throw new AppError('FORBIDDEN');
    return renderMetrics();
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
