// Made by `node scripts/docs.ts` from the table of endpoints.
import type { OperationTree } from '../endpoints/operation.ts';

// oxfmt-ignore
export const operations: OperationTree = {
 "projects": {
  "list": {
   "method": "GET",
   "path": "/api/projects",
   "params": [],
   "query": [
    "limit",
    "cursor"
   ],
   "body": false,
   "response": true
  },
  "create": {
   "method": "POST",
   "path": "/api/projects",
   "params": [],
   "query": [
    "team"
   ],
   "body": true,
   "response": true
  },
  "get": {
   "method": "GET",
   "path": "/api/projects/{project}",
   "params": [
    "project"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "replace": {
   "method": "PUT",
   "path": "/api/projects/{project}",
   "params": [
    "project"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "update": {
   "method": "PATCH",
   "path": "/api/projects/{project}",
   "params": [
    "project"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "remove": {
   "method": "DELETE",
   "path": "/api/projects/{project}",
   "params": [
    "project"
   ],
   "query": [],
   "body": false,
   "response": false
  },
  "rotateHooks": {
   "method": "POST",
   "path": "/api/projects/{project}/hooks/rotate",
   "params": [
    "project"
   ],
   "query": [],
   "body": false,
   "response": true
  }
 },
 "environments": {
  "list": {
   "method": "GET",
   "path": "/api/projects/{project}/environments",
   "params": [
    "project"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "rollback": {
   "method": "POST",
   "path": "/api/projects/{project}/environments/{environment}/rollback",
   "params": [
    "project",
    "environment"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "undoRollback": {
   "method": "POST",
   "path": "/api/projects/{project}/environments/{environment}/undo-rollback",
   "params": [
    "project",
    "environment"
   ],
   "query": [],
   "body": false,
   "response": true
  }
 },
 "variables": {
  "list": {
   "method": "GET",
   "path": "/api/projects/{project}/environments/{environment}/variables",
   "params": [
    "project",
    "environment"
   ],
   "query": [
    "reveal"
   ],
   "body": false,
   "response": true
  },
  "put": {
   "method": "PUT",
   "path": "/api/projects/{project}/environments/{environment}/variables",
   "params": [
    "project",
    "environment"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "remove": {
   "method": "DELETE",
   "path": "/api/projects/{project}/environments/{environment}/variables/{name}",
   "params": [
    "project",
    "environment",
    "name"
   ],
   "query": [
    "branch"
   ],
   "body": false,
   "response": false
  }
 },
 "aliases": {
  "list": {
   "method": "GET",
   "path": "/api/projects/{project}/aliases",
   "params": [
    "project"
   ],
   "query": [
    "limit",
    "cursor"
   ],
   "body": false,
   "response": true
  }
 },
 "domains": {
  "list": {
   "method": "GET",
   "path": "/api/projects/{project}/domains",
   "params": [
    "project"
   ],
   "query": [
    "limit",
    "cursor"
   ],
   "body": false,
   "response": true
  },
  "add": {
   "method": "POST",
   "path": "/api/projects/{project}/domains",
   "params": [
    "project"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "get": {
   "method": "GET",
   "path": "/api/projects/{project}/domains/{name}",
   "params": [
    "project",
    "name"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "check": {
   "method": "POST",
   "path": "/api/projects/{project}/domains/{name}/check",
   "params": [
    "project",
    "name"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "remove": {
   "method": "DELETE",
   "path": "/api/projects/{project}/domains/{name}",
   "params": [
    "project",
    "name"
   ],
   "query": [],
   "body": false,
   "response": false
  }
 },
 "certificates": {
  "list": {
   "method": "GET",
   "path": "/api/projects/{project}/certificates",
   "params": [
    "project"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "all": {
   "method": "GET",
   "path": "/api/certificates",
   "params": [],
   "query": [],
   "body": false,
   "response": true
  },
  "upload": {
   "method": "POST",
   "path": "/api/projects/{project}/certificates",
   "params": [
    "project"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "renew": {
   "method": "POST",
   "path": "/api/projects/{project}/certificates/{name}/renew",
   "params": [
    "project",
    "name"
   ],
   "query": [],
   "body": false,
   "response": true
  }
 },
 "deployments": {
  "list": {
   "method": "GET",
   "path": "/api/projects/{project}/deployments",
   "params": [
    "project"
   ],
   "query": [
    "limit",
    "cursor",
    "environment",
    "status",
    "branch"
   ],
   "body": false,
   "response": true
  },
  "create": {
   "method": "POST",
   "path": "/api/projects/{project}/deployments",
   "params": [
    "project"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "upload": {
   "method": "POST",
   "path": "/api/projects/{project}/uploads",
   "params": [
    "project"
   ],
   "query": [],
   "body": false,
   "response": true,
   "stream": "upload",
   "mediaType": "application/gzip"
  },
  "get": {
   "method": "GET",
   "path": "/api/deployments/{deployment}",
   "params": [
    "deployment"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "logs": {
   "list": {
    "method": "GET",
    "path": "/api/deployments/{deployment}/logs",
    "params": [
     "deployment"
    ],
    "query": [
     "kind",
     "level",
     "requestId",
     "text",
     "after",
     "follow",
     "limit"
    ],
    "body": false,
    "response": true
   },
   "follow": {
    "method": "GET",
    "path": "/api/deployments/{deployment}/logs",
    "params": [
     "deployment"
    ],
    "query": [
     "kind",
     "level",
     "requestId",
     "text",
     "after",
     "follow",
     "limit"
    ],
    "body": false,
    "response": true,
    "stream": "events"
   }
  },
  "promote": {
   "method": "POST",
   "path": "/api/deployments/{deployment}/promote",
   "params": [
    "deployment"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "rollback": {
   "method": "POST",
   "path": "/api/deployments/{deployment}/rollback",
   "params": [
    "deployment"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "cancel": {
   "method": "POST",
   "path": "/api/deployments/{deployment}/cancel",
   "params": [
    "deployment"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "approve": {
   "method": "POST",
   "path": "/api/deployments/{deployment}/approve",
   "params": [
    "deployment"
   ],
   "query": [],
   "body": false,
   "response": true
  }
 },
 "deliveries": {
  "list": {
   "method": "GET",
   "path": "/api/projects/{project}/deliveries",
   "params": [
    "project"
   ],
   "query": [
    "limit",
    "cursor",
    "state"
   ],
   "body": false,
   "response": true
  },
  "replay": {
   "method": "POST",
   "path": "/api/deliveries/{delivery}/replay",
   "params": [
    "delivery"
   ],
   "query": [],
   "body": false,
   "response": true
  }
 },
 "tokens": {
  "list": {
   "method": "GET",
   "path": "/api/tokens",
   "params": [],
   "query": [
    "limit",
    "cursor",
    "team"
   ],
   "body": false,
   "response": true
  },
  "create": {
   "method": "POST",
   "path": "/api/tokens",
   "params": [],
   "query": [
    "team"
   ],
   "body": true,
   "response": true
  },
  "current": {
   "method": "GET",
   "path": "/api/tokens/current",
   "params": [],
   "query": [],
   "body": false,
   "response": true
  },
  "remove": {
   "method": "DELETE",
   "path": "/api/tokens/{token}",
   "params": [
    "token"
   ],
   "query": [
    "team"
   ],
   "body": false,
   "response": false
  }
 },
 "audit": {
  "list": {
   "method": "GET",
   "path": "/api/audit",
   "params": [],
   "query": [
    "limit",
    "cursor",
    "team",
    "project",
    "actor",
    "action"
   ],
   "body": false,
   "response": true
  },
  "export": {
   "method": "GET",
   "path": "/api/audit/export",
   "params": [],
   "query": [
    "team",
    "project",
    "actor",
    "action",
    "format"
   ],
   "body": false,
   "response": false,
   "stream": "download",
   "mediaType": "application/octet-stream"
  }
 },
 "sessions": {
  "create": {
   "method": "POST",
   "path": "/api/sessions",
   "params": [],
   "query": [],
   "body": true,
   "response": true
  },
  "list": {
   "method": "GET",
   "path": "/api/sessions",
   "params": [],
   "query": [],
   "body": false,
   "response": true
  },
  "removeOthers": {
   "method": "DELETE",
   "path": "/api/sessions",
   "params": [],
   "query": [],
   "body": false,
   "response": false
  },
  "removeCurrent": {
   "method": "DELETE",
   "path": "/api/sessions/current",
   "params": [],
   "query": [],
   "body": false,
   "response": false
  },
  "remove": {
   "method": "DELETE",
   "path": "/api/sessions/{session}",
   "params": [
    "session"
   ],
   "query": [],
   "body": false,
   "response": false
  }
 },
 "people": {
  "current": {
   "method": "GET",
   "path": "/api/people/current",
   "params": [],
   "query": [],
   "body": false,
   "response": true
  },
  "changePassword": {
   "method": "POST",
   "path": "/api/people/current/password",
   "params": [],
   "query": [],
   "body": true,
   "response": false
  },
  "list": {
   "method": "GET",
   "path": "/api/people",
   "params": [],
   "query": [
    "limit",
    "cursor"
   ],
   "body": false,
   "response": true
  },
  "update": {
   "method": "PATCH",
   "path": "/api/people/{person}",
   "params": [
    "person"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "reset": {
   "method": "POST",
   "path": "/api/people/{person}/reset",
   "params": [
    "person"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "endSessions": {
   "method": "DELETE",
   "path": "/api/people/{person}/sessions",
   "params": [
    "person"
   ],
   "query": [],
   "body": false,
   "response": false
  }
 },
 "teams": {
  "list": {
   "method": "GET",
   "path": "/api/teams",
   "params": [],
   "query": [
    "limit",
    "cursor"
   ],
   "body": false,
   "response": true
  },
  "create": {
   "method": "POST",
   "path": "/api/teams",
   "params": [],
   "query": [],
   "body": true,
   "response": true
  },
  "get": {
   "method": "GET",
   "path": "/api/teams/{team}",
   "params": [
    "team"
   ],
   "query": [],
   "body": false,
   "response": true
  },
  "leave": {
   "method": "POST",
   "path": "/api/teams/{team}/leave",
   "params": [
    "team"
   ],
   "query": [],
   "body": false,
   "response": false
  },
  "updateMember": {
   "method": "PUT",
   "path": "/api/teams/{team}/members/{person}",
   "params": [
    "team",
    "person"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "removeMember": {
   "method": "DELETE",
   "path": "/api/teams/{team}/members/{person}",
   "params": [
    "team",
    "person"
   ],
   "query": [],
   "body": false,
   "response": false
  }
 },
 "invitations": {
  "list": {
   "method": "GET",
   "path": "/api/teams/{team}/invitations",
   "params": [
    "team"
   ],
   "query": [
    "limit",
    "cursor"
   ],
   "body": false,
   "response": true
  },
  "create": {
   "method": "POST",
   "path": "/api/teams/{team}/invitations",
   "params": [
    "team"
   ],
   "query": [],
   "body": true,
   "response": true
  },
  "remove": {
   "method": "DELETE",
   "path": "/api/teams/{team}/invitations/{invitation}",
   "params": [
    "team",
    "invitation"
   ],
   "query": [],
   "body": false,
   "response": false
  },
  "accept": {
   "method": "POST",
   "path": "/api/invitations/accept",
   "params": [],
   "query": [],
   "body": true,
   "response": true
  }
 },
 "deadLetters": {
  "list": {
   "method": "GET",
   "path": "/api/dead-letters",
   "params": [],
   "query": [
    "limit",
    "cursor"
   ],
   "body": false,
   "response": true
  },
  "revive": {
   "method": "POST",
   "path": "/api/dead-letters/{job}/revive",
   "params": [
    "job"
   ],
   "query": [],
   "body": false,
   "response": false
  },
  "drop": {
   "method": "DELETE",
   "path": "/api/dead-letters/{job}",
   "params": [
    "job"
   ],
   "query": [],
   "body": false,
   "response": false
  },
  "records": {
   "list": {
    "method": "GET",
    "path": "/api/failed-records",
    "params": [],
    "query": [
     "limit",
     "cursor"
    ],
    "body": false,
    "response": true
   },
   "retry": {
    "method": "POST",
    "path": "/api/failed-records/{kind}/{id}/retry",
    "params": [
     "kind",
     "id"
    ],
    "query": [],
    "body": false,
    "response": false
   },
   "drop": {
    "method": "DELETE",
    "path": "/api/failed-records/{kind}/{id}",
    "params": [
     "kind",
     "id"
    ],
    "query": [],
    "body": false,
    "response": false
   }
  }
 },
 "metrics": {
  "project": {
   "method": "GET",
   "path": "/api/projects/{project}/metrics",
   "params": [
    "project"
   ],
   "query": [
    "from",
    "to",
    "step"
   ],
   "body": false,
   "response": true
  },
  "list": {
   "method": "GET",
   "path": "/api/metrics",
   "params": [],
   "query": [
    "minutes"
   ],
   "body": false,
   "response": true
  },
  "prometheus": {
   "method": "GET",
   "path": "/api/metrics/prometheus",
   "params": [],
   "query": [],
   "body": false,
   "response": false,
   "stream": "download",
   "mediaType": "text/plain; version=0.0.4; charset=utf-8"
  }
 },
 "platform": {
  "health": {
   "method": "GET",
   "path": "/api/health",
   "params": [],
   "query": [],
   "body": false,
   "response": true
  },
  "status": {
   "method": "GET",
   "path": "/api/status",
   "params": [],
   "query": [],
   "body": false,
   "response": true
  },
  "openapi": {
   "method": "GET",
   "path": "/api/openapi.json",
   "params": [],
   "query": [],
   "body": false,
   "response": true
  },
  "gc": {
   "method": "POST",
   "path": "/api/gc",
   "params": [],
   "query": [],
   "body": true,
   "response": true
  },
  "backup": {
   "method": "POST",
   "path": "/api/backup",
   "params": [],
   "query": [],
   "body": false,
   "response": false,
   "stream": "download",
   "mediaType": "application/octet-stream"
  },
  "restore": {
   "method": "POST",
   "path": "/api/restore",
   "params": [],
   "query": [],
   "body": false,
   "response": true,
   "stream": "upload",
   "mediaType": "application/octet-stream"
  }
 }
};
