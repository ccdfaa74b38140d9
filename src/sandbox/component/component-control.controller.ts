import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Public } from '../../http/access.decorator.js';
import { SandboxControlGuard } from '../sandbox-control.guard.js';
import { Sandbox } from '../sandbox.js';

/** The token of a third-party platform, worded as WeChat words it. */
export class ComponentTokenAnswer {
  @ApiProperty()
  component_access_token!: string;

  @ApiProperty({ description: 'Seconds' })
  expires_in!: number;
}

/** Plays the platform's own service: `component.tokenUrl` may point here, with the control token as `tokenSecret`. */
@Public()
@UseGuards(SandboxControlGuard)
@ApiTags('sandbox')
@Controller('sandbox/components')
export class ComponentControlController {
  constructor(private readonly sandbox: Sandbox) {}

  @Get(':componentAppId/token')
  @ApiOperation({ summary: 'Get the component_access_token of a third-party platform' })
  @ApiOkResponse({ type: ComponentTokenAnswer })
  token(@Param('componentAppId') componentAppId: string): ComponentTokenAnswer {
    return this.sandbox.componentToken(componentAppId);
  }
}
