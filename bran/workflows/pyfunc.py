"""The model as MLflow loads it: this file is logged as it stands, beside the model folder; nothing is pickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from bran.errors import ConfigError
from bran.workflows.frames import documents_of, table_frame


class BranModel(PythonModel):
    """Abstracts with mentions in, a relation table out; columns as in :mod:`bran.workflows.frames`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder among the artifacts, on the device that the model config names.

        Raises:
            ModelError: when the folder cannot be read.
        """
        from bran.extraction.predictor import Predictor

        device = (context.model_config or {}).get("device", "cpu")
        self.predictor = Predictor.load(Path(context.artifacts["model"]), device=device)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The relations of the abstracts in ``model_input``.

        Args:
            context: not used.
            model_input: one row per abstract.
            params: ``threshold``, between 0 and 1; the model's own when there is none.

        Raises:
            DataError: when a row does not hold; it is named.
            ConfigError: when the threshold is not between 0 and 1.
        """
        threshold = (params or {}).get("threshold")
        if threshold is not None and not 0 <= threshold <= 1:
            raise ConfigError(f"threshold {threshold}: expected a number between 0 and 1")
        description = self.predictor.model.description
        documents = documents_of(model_input, description.relation_schema)
        predicted = self.predictor.predict(documents, threshold=threshold)
        return table_frame(predicted, model_version=description.bran_version)


mlflow.models.set_model(BranModel())
