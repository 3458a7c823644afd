import { MAX_TOKEN } from '../../auth/tokens/secrets.js';
import { ApiProperty } from '../../json-api/openapi/decorators.js';
import { IsEmail, IsString, MaxLength } from '../../json-api/resource/class-validator.js';
import { Trimmed } from '../../json-api/resource/validation-rules.js';
import { MAX_EMAIL } from '../account.policy.js';

/** Body of a request for another e-mail. The rules of accounts validate it further. */
export class EmailBody {
  @ApiProperty({ type: 'string', format: 'email', maxLength: MAX_EMAIL, example: 'jane@example.org' })
  @Trimmed()
  @IsEmail()
  @MaxLength(MAX_EMAIL)
  email!: string;
}

/** Body of `confirm` and `revert`. */
export class EmailTokenBody {
  @ApiProperty({ type: 'string', description: 'The token of the mail' })
  @IsString()
  @MaxLength(MAX_TOKEN)
  token!: string;
}
