import { ApiProperty } from '../../json-api/openapi/decorators.js';
import { IsString } from '../../json-api/resource/class-validator.js';
import { IsCode } from '../../sign-in/sign-in.dto.js';

/** Body of `POST /account_factors/{id}/confirm`. */
export class ConfirmFactorBody {
  @ApiProperty({ type: 'string', example: '492039', description: 'Six digits of the authenticator app' })
  @IsString()
  @IsCode()
  code!: string;
}
