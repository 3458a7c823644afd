import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { FIELD_TYPES } from '../json-api/resource/field-types.js';
import { IsOfType } from '../json-api/resource/validation-rules.js';

/** Body of `POST /auth/login`. */
export class LoginBody {
  @ApiProperty({ type: 'string', format: 'email', example: 'admin@example.com' })
  @IsOfType(FIELD_TYPES.string)
  email!: string;

  @ApiProperty({ type: 'string', format: 'password' })
  @IsString()
  password!: string;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'Put the tokens into cookies instead of the body; false without it',
  })
  @IsOptional()
  @IsBoolean()
  cookie?: boolean;
}

/** Body of `POST /auth/reauthenticate`. */
export class ReauthenticateBody {
  @ApiProperty({ type: 'string', format: 'password' })
  @IsString()
  password!: string;
}

/** Body of `POST /auth/refresh`; browsers with cookies send none. */
export class RefreshBody {
  @ApiPropertyOptional({ type: 'string' })
  @IsOptional()
  @IsString()
  refresh_token?: string;
}

/** Body of `POST /auth/logout`. */
export class LogoutBody {
  @ApiPropertyOptional({ type: 'boolean', description: 'End every session of the account; false without it' })
  @IsOptional()
  @IsBoolean()
  everywhere?: boolean;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'End every session of the account but this one; false without it',
  })
  @IsOptional()
  @IsBoolean()
  others?: boolean;

  @ApiPropertyOptional({ type: 'string', description: 'Names the session when the access token has expired' })
  @IsOptional()
  @IsString()
  refresh_token?: string;
}
