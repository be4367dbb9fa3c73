"""Lines of people, typed or spoken, delivered: each once, in its author's order, to everyone present. Sans-I/O.

`delivery.LineDelivery` is one node's part in it. docs/protocol.md has the messages, and why a broker that loses them
loses no line.
"""

from protocol.chat.delivery import LineDelivery
from protocol.chat.lines import HISTORY, LineArrived, MarksChanged, Spoken, Wording

__all__ = ["HISTORY", "LineArrived", "LineDelivery", "MarksChanged", "Spoken", "Wording"]
