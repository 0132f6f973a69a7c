"""A bare Flask view: the most that this machine, Flask and gunicorn can do."""

from flask import Flask

app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
def nothing() -> dict[str, str]:
    """Answer as a heartbeat does, without any work."""
    return {"status": "ok"}


@app.get("/livez")
def livez() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}
