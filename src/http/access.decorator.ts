import { SetMetadata, applyDecorators } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';

/** Who may call a route: anybody, a signed-in person, or a registered back end. */
export type Access = 'public' | 'bearer' | 'client';

/** Metadata key of a route's access. */
export const ACCESS = 'wechat-passport:access';

/** Opens a route, or all routes of a controller, to anybody. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Declares that a route needs an access token. Routes without a declaration need one too. */
export const Bearer = () => applyDecorators(SetMetadata(ACCESS, 'bearer' satisfies Access), ApiBearerAuth());
