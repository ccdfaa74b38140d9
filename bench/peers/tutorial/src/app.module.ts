import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { HealthController } from './health.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { PRIVATE_PEM, PUBLIC_PEM } from './keys.js';
import { RefreshToken } from './refresh-token.entity.js';
import { SeedService } from './seed.service.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      entities: [User, RefreshToken],
      synchronize: true,
      extra: { max: Number(process.env.POOL_SIZE) },
    }),
    TypeOrmModule.forFeature([User, RefreshToken]),
    PassportModule,
    JwtModule.register({
      privateKey: PRIVATE_PEM,
      publicKey: PUBLIC_PEM,
      signOptions: { algorithm: 'ES256', expiresIn: '2h' },
    }),
    HttpModule,
  ],
  controllers: [AuthController, UsersController, HealthController],
  providers: [AuthService, JwtStrategy, SeedService],
})
export class AppModule {}
