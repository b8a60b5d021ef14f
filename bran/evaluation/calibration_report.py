"""What calibrating a model found: probabilities before and after, thresholds by name; as table rows and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bran.evaluation.calibration_choice import FittedCalibration, FittedCalibrator, calibrate
from bran.evaluation.gold import FILTERED, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.reliability import METRIC_NAMES, Reliability
from bran.evaluation.scored import ScoredCandidates
from bran.evaluation.signature import Signature
from bran.evaluation.thresholds import Threshold, named_thresholds


@dataclass(frozen=True, eq=False)
class CalibrationReport:
    """A calibration, and what it does to the scores that it was fitted on.

    Attributes:
        signature: what the numbers are of.
        candidates: how many relations were scored.
        correct: how many of them are right.
        fitted: the calibration.
        before: how far scores can be believed.
        after: how far probabilities can be believed that come from calibrations fitted on other documents.
        thresholds: on the score, by name, with what they score.
    """

    signature: Signature
    candidates: int
    correct: int
    fitted: FittedCalibration
    before: Reliability
    after: Reliability
    thresholds: Mapping[str, Threshold]

    @classmethod
    def of(
        cls, gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED, method: str | None = None
    ) -> CalibrationReport:
        """Calibrate a model.

        Args:
            gold: documents that the model has not seen.
            predictions: all of its candidates on them, with scores in [0, 1].
            protocol: ``raw``, or ``filtered``: then what the filter ignores is neither right nor wrong.
            method: as in :func:`bran.evaluation.calibration_choice.fit_calibration`.

        Raises:
            ConfigError: when gold does not have that protocol, or there is no such method.
            DataError: when a relation has no score, or all are right, all wrong or of a single document.
        """
        scored = ScoredCandidates.of(gold, predictions, protocol=protocol)
        fitted = calibrate(scored, gold.schema.labels, method=method)
        return cls(
            signature=Signature.of(gold, predictions, protocol, resamples=0, resampling_seed=0),
            candidates=len(scored),
            correct=int(scored.correct.sum()),
            fitted=fitted,
            before=Reliability.of(scored.scores, scored.correct),
            after=Reliability.of(fitted.probabilities, scored.correct),
            thresholds=named_thresholds(gold, predictions, protocol=protocol),
        )

    @property
    def methods(self) -> dict[str, str]:
        """The kind of calibration by relation type; ``default`` is that of all others."""
        calibration = self.fitted.calibration
        return {"default": calibration.default.kind, **{label: each.kind for label, each in calibration.types.items()}}

    @property
    def metrics(self) -> dict[str, float]:
        """Every measure before and after as a flat metric: ``calibration_before_log_loss``, ..."""
        return {
            f"calibration_{when}_{name}": value
            for when, measured in (("before", self.before), ("after", self.after))
            for name, value in measured.metrics.items()
        }

    @property
    def summary(self) -> dict[str, Any]:
        """What a model's history keeps of it."""
        return {
            "methods": self.methods,
            "candidates": self.candidates,
            "correct": self.correct,
            "before": self.before.metrics,
            "after": self.after.metrics,
            "signature": str(self.signature),
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything: calibration, log losses of each method, reliability tables, thresholds."""
        tried = {"default": self.fitted.default, **self.fitted.types}
        return {
            **self.summary,
            "calibration": self.fitted.calibration.model_dump(mode="json"),
            "log_losses": {name: dict(each.log_losses) for name, each in tried.items()},
            "thresholds": {name: each.model_dump() for name, each in self.thresholds.items()},
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }

    @property
    def measure_rows(self) -> list[list[str]]:
        """Cells of a table: measure, before, after."""
        return [
            [title, f"{self.before.metrics[name]:.4f}", f"{self.after.metrics[name]:.4f}"]
            for name, title in METRIC_NAMES.items()
        ]

    @property
    def method_rows(self) -> list[list[str]]:
        """Cells of a table: relation type, method that was tried, its log loss, whether it was chosen."""
        return [
            [label, name, f"{loss:.4f}", "chosen" if name == fitted.calibrator.kind else ""]
            for label, fitted in self._fitted
            for name, loss in fitted.log_losses.items()
        ]

    @property
    def _fitted(self) -> list[tuple[str, FittedCalibrator]]:
        return [("all" if not self.fitted.types else "others", self.fitted.default), *self.fitted.types.items()]
