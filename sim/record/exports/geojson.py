"""Map layers as GeoJSON (RFC 7946), one text a layer."""

from __future__ import annotations

import json
from typing import Any

from sim.record.exports.entries import SOURCE
from sim.record.exports.layers import Feature, Layer


def geojson_text(layer: Layer) -> str:
    """Return a layer as a FeatureCollection with one feature a line."""
    lines = [json.dumps(_feature(layer, one), ensure_ascii=False, allow_nan=False) for one in layer.features]
    name = json.dumps(f"{SOURCE}_{layer.name}")
    body = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "name": {name}, "features": [\n{body}\n]}}\n'


def _feature(layer: Layer, one: Feature) -> dict[str, Any]:
    points = [list(point) for point in one.at]
    shape = {"type": layer.shape, "coordinates": points[0] if layer.shape == "Point" else points} if points else None
    values = dict(zip(layer.fields, one.values, strict=True))
    return {"type": "Feature", "geometry": shape, "properties": {**values, "source": SOURCE}}
