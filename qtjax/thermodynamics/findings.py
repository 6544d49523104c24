"""What an audit says: findings in words with numbers, and what was looked at without any."""

from typing import NamedTuple

SEVERITIES = ("violation", "doubtful", "note")


class Finding(NamedTuple):
    """Something doubtful about a model.

    Args:
        check: which check found it.
        severity: "violation" (a law is broken, or there is no answer), "doubtful" (what the model
            assumes does not hold) or "note" (legal, and small or worth knowing).
        where: the bath, the stroke or the system that is meant.
        numbers: that decide it, by name.
        sentence: what was found.
        remedy: what to do.

    Examples:
        >>> finding = qt.thermodynamics.Finding(
        ...     "rates", "note", "bath 0", {"rate": 0.0}, "Its rate is 0.", "Leave it out."
        ... )
        >>> str(finding).splitlines()[0]
        'note: bath 0, rates'
    """

    check: str
    severity: str
    where: str
    numbers: dict[str, float]
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}, {self.check}\n  {self.sentence}\n  -> {self.remedy}"


class Audit(NamedTuple):
    """What is doubtful about a model.

    Args:
        findings: the most severe first; empty if nothing was found.
        passed: names of the checks that had something to look at and found nothing.
        skipped: name and reason of those that had not.

    Examples:
        >>> audit = qt.thermodynamics.Audit(findings=(), passed=("first law",), skipped=())
        >>> str(audit).splitlines()
        ['Nothing doubtful was found.', 'passed: first law']
    """

    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings] or ["Nothing doubtful was found."]
        if self.passed:
            lines.append(f"passed: {', '.join(self.passed)}")
        if self.skipped:
            reasons = "; ".join(f"{name} ({reason})" for name, reason in self.skipped)
            lines.append(f"nothing to look at: {reasons}")
        return "\n".join(lines)
