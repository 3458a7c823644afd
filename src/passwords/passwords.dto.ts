import { MAX_TOKEN } from '../auth/tokens/secrets.js';
import { ApiProperty } from '../json-api/openapi/decorators.js';
import { Allow, IsEmail, IsString, MaxLength } from '../json-api/resource/class-validator.js';
import { Trimmed } from '../json-api/resource/validation-rules.js';
import { PASSWORD_LENGTH } from './hashing/password.schemes.js';

/** OpenAPI schema of a new password. */
export const PASSWORD_SCHEMA = {
  type: 'string',
  format: 'password',
  minLength: PASSWORD_LENGTH.min,
  maxLength: PASSWORD_LENGTH.max,
} as const;

/** Body of `request_reset`. */
export class RequestResetBody {
  @ApiProperty({ type: 'string', format: 'email', example: 'jane@example.com' })
  @Trimmed()
  @IsEmail()
  email!: string;
}

/** Body of `reset`. The policy validates the password after the token has identified the account. */
export class ResetBody {
  @ApiProperty({ type: 'string', description: 'The token of the reset mail' })
  @IsString()
  @MaxLength(MAX_TOKEN)
  token!: string;

  @ApiProperty({ ...PASSWORD_SCHEMA, example: 'Correct-horse-7' })
  @Allow()
  password!: unknown;
}

/** Body of `change`. */
export class ChangeBody {
  @ApiProperty({ type: 'string', format: 'password' })
  @IsString()
  current_password!: string;

  @ApiProperty({ ...PASSWORD_SCHEMA, example: 'Correct-horse-8' })
  @Allow()
  new_password!: unknown;
}
