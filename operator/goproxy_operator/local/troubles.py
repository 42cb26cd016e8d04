"""What a replica reports that its user has to act on, in lines for people. Pure."""

from modproxy.contract.report import Report


def troubles(report: Report) -> list[str]:
    """Return a line for each Secret that cannot be used, each named server that fails, and each warning."""
    secrets = [problem.problem for problem in report.secret_problems or ()]
    servers = [
        f"{outage.place} {outage.cause}{f': {outage.remedy}' if outage.remedy else ''}"
        for outage in report.outages or ()
        if outage.failing
    ]
    return [*secrets, *servers, *report.config.warnings]
