"""What somebody writes with the Python client made from the OpenAPI document: ``python client.py URL``."""

import json
import sys

from gradserve_openapi import Client
from gradserve_openapi.api.derivatives import grad
from gradserve_openapi.api.functions import grad_by_id, register_function
from gradserve_openapi.models import (
    GradAtRequest,
    GradRequest,
    GradResponse,
    PointByName,
    Problem,
    Registered,
    RegisterRequest,
)

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)

asked = GradRequest(expression="5*x1**2 + 6*x2**2 + 7*x3**2", point=[1.0, 2.0, 3.0], argnums=[0, 2])
found = grad.sync(client=client, body=asked)
assert isinstance(found, GradResponse)

registered = register_function.sync(client=client, body=RegisterRequest(expression="lambda a, b: a*sin(b)"))
assert isinstance(registered, Registered)
named = PointByName.from_dict({"a": 2.0, "b": 0.0})
again = grad_by_id.sync(registered.function_id, client=client, body=GradAtRequest(point=named, argnums="b"))
assert isinstance(again, GradResponse)

refused = grad.sync(client=client, body=GradRequest(expression="sine(x)", point=[1.0]))
assert isinstance(refused, Problem)

answers = {"value": found.value, "gradient": found.gradient, "slope": again.gradient, "code": refused.code}
sys.stdout.write(json.dumps(answers))
