import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { errorTable } from '@base/shared/errors/error-table';
import { Router } from 'express';
import { renderErrorsPage } from './errors-page.ts';
import { buildOpenApi, type MountedEndpoints } from './openapi.ts';

const swaggerDirectory = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const swaggerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BASE API</title>
<link rel="icon" type="image/png" href="/api/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/assets/start-reference.js"></script>
</body>
</html>
`;

// A file of its own, because the content security policy refuses scripts inside the page.
const startScript = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/** `/api/openapi.json`, `/api/docs` and `/api/docs/errors`, all served from here: no other host is asked. */
export function docsRouter(mounted: readonly MountedEndpoints[], publicUrl: string): Router {
  const router = Router();
  const document = JSON.stringify(buildOpenApi(mounted, publicUrl));
  const errorsPage = renderErrorsPage(
    readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8'),
    errorTable,
  );

  router.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'public, max-age=300');
    next();
  });
  router.get('/openapi.json', (_request, response) => void response.type('application/json').send(document));
  router.get('/docs', (_request, response) => void response.type('html').send(page));
  router.get('/docs/errors', (_request, response) => void response.type('html').send(errorsPage));
  router.get('/docs/assets/start-reference.js', (_request, response) => void response.type('js').send(startScript));
  for (const file of swaggerFiles) {
    router.get(`/docs/assets/${file}`, (_request, response) => {
      response.sendFile(file, { root: swaggerDirectory, cacheControl: false });
    });
  }
  return router;
}
