"""A program in Unity's place: speaks AI2-THOR's pipe protocol, answers from the embedded simulator, fails on demand.

Run as `fake_unity.py MODE SCENES ...`; MODE is `well`, or says what happens at the first RotateRight (at the start for
`mute` and `gone`).
"""

import json
import os
import signal
import struct
import sys
import time
from pathlib import Path

import msgpack
import numpy as np
from ai2thor.fifo_server import FieldType

from llamafactory_embodied.world.server import EmbeddedServer

HEADER = struct.Struct("!BI")


def read(pipe):
    """The next action; None when the other side is gone."""
    action = None
    while True:
        header = pipe.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        kind, length = HEADER.unpack(header)
        if kind == FieldType.END_OF_MESSAGE:
            return action
        action = json.loads(pipe.read(length))


def write(pipe, number, event):
    metadata = {"agents": [event.metadata], "activeAgentId": 0, "thirdPartyCameras": [], "sequenceId": number}
    parts = [
        (FieldType.METADATA, msgpack.packb(metadata, default=float)),
        (FieldType.RGB_IMAGE, np.ascontiguousarray(event.frame[::-1]).tobytes()),
        (FieldType.IDS_IMAGE, opaque(event.instance_segmentation_frame)[::-1].tobytes()),
        (FieldType.END_OF_MESSAGE, b""),
    ]
    pipe.write(b"".join(HEADER.pack(kind, len(body)) + body for kind, body in parts))
    pipe.flush()


def opaque(colors):
    return np.concatenate([colors, np.full((*colors.shape[:2], 1), 255, np.uint8)], axis=2)


def fail(mode, pipe):
    if mode == "dies":
        sys.exit(3)
    if mode == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    if mode == "hangs":
        time.sleep(600)
    if mode == "babbles":
        pipe.write(b"\x07not what AI2-THOR says" * 50)
        pipe.flush()
        time.sleep(600)


def main(mode, scenes):
    if mode == "gone":
        sys.exit(4)
    if mode == "mute":
        time.sleep(600)
    server = EmbeddedServer(300, 300, scenes)
    with Path(os.environ["AI2THOR_FIFO_SERVER_PIPE_PATH"]).open("wb") as out:
        write(out, 0, server.receive())
        answer(mode, server, out)


def answer(mode, server, out):
    with Path(os.environ["AI2THOR_FIFO_CLIENT_PIPE_PATH"]).open("rb") as come:
        while (action := read(come)) is not None:
            if action["action"] == "RotateRight":
                fail(mode, out)
            server.send(action)
            event = server.receive()
            if mode == "forgets" and action["action"] == "RotateRight":
                del event.metadata["objects"]
                write(out, action["sequenceId"] + 7, event)
            else:
                write(out, action["sequenceId"], event)


if __name__ == "__main__":
    main(*sys.argv[1:3])
