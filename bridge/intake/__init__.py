"""What becomes of everything that a channel yields, before anything visible or costly happens."""

from bridge.intake.receive import Intake

__all__ = ["Intake"]
