"""`python -m goproxy_operator.desired.monitoring NAME` prints a file that the operator's installations have."""

import json
import sys

from goproxy_operator.desired.monitoring.dashboard import fleets_dashboard
from goproxy_operator.desired.monitoring.operator_alerts import operator_rules
from goproxy_operator.desired.monitoring.operator_dashboard import operator_dashboard

FILES = {
    "goproxy-fleets": fleets_dashboard,
    "goproxy-operator": operator_dashboard,
    "operator-rules": operator_rules,
}

if __name__ == "__main__":
    print(json.dumps(FILES[sys.argv[1]](), indent=1))
