"""The logs of API Gateway: what an access log says of a request (no body, no query string, no key, no token), names.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from collections.abc import Mapping

FIELDS: Mapping[str, str] = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "tls": "$context.tlsVersion",
    "cipher": "$context.cipherSuite",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "error": "$context.error.message",
}
# How the name of the group begins that API Gateway writes its own errors to; the API's id and the stage follow.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
EXECUTION_LOGS = "API-Gateway-Execution-Logs_"
