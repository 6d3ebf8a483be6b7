"""The browser page in which a run is watched: snapshots of the model, drawn as SVG, in Mesa's SolaraViz."""
