import { Global, Module } from '@nestjs/common';
import { ErrorTexts } from '../json-api/http/options.js';
import { Messages } from './messages.js';

/** The texts of errors, for every module that shows them. */
@Global()
@Module({ providers: [Messages, { provide: ErrorTexts, useExisting: Messages }], exports: [Messages, ErrorTexts] })
export class LanguageModule {}
