"""What the reference system's generator has by hand: its wordings, and what its ordered tasks carry to where."""

_VERBS = ("Take", "Grab", "Pick up", "Retrieve", "Get", "Fetch", "Collect")
_SWITCH = (
    "Turn {1} the switch of the {0}.",
    "Switch {1} the {0}.",
    "Power {1} the {0}.",
    "Turn the {0}'s switch {1}.",
    "Switch the {0} {1}.",
    "Turn the switch for the {0} {1}.",
    "Press the {0} switch to turn it {1}.",
)
PATTERNS = {
    "search": (
        *(f"{verb} the {{0}} in the room." for verb in ("Find", "Locate", "Identify", "Look for")),
        "Search the room for the {0}.",
        "Could you please find the {0} in the room?",
        "Would you mind locating the {0} in the room?",
        "Can you identify the {0} in the room, please?",
        "Have a look for the {0} in the room.",
        "Check out the room and find the {0}.",
        "See if you can spot the {0} in the room.",
    ),
    "pickup": (*(f"{verb} a {{0}} from the room." for verb in _VERBS), "Take one {0} from the room."),
    "on": (*_SWITCH, "Flip the switch of the {0}.", "Activate the {0} switch.", "Engage the {0}'s switch."),
    "off": (*_SWITCH, "Flip the switch of the {0} off.", "Deactivate the {0} switch.", "Disengage the {0}'s switch."),
}
"""Wordings, errors of the article among them: {0} is a type as AI2-THOR spells it, {1} on or off."""

ORDERED_PICKUPS = {
    "kitchen": "Apple Bowl Bread ButterKnife Cup DishSponge Egg Fork Knife Lettuce Mug Pan PepperShaker Plate Pot "
    "Potato SaltShaker SoapBottle Spatula Spoon Tomato",
    "living_room": "Book Bowl CellPhone CreditCard KeyChain Laptop Newspaper Pen Pencil Pillow Plate RemoteControl "
    "TissueBox Vase Watch",
    "bedroom": "AlarmClock BaseballBat BasketBall Book Bowl Box CellPhone Cloth CreditCard KeyChain Laptop Mug Pen "
    "Pencil Pillow RemoteControl Statue TeddyBear TennisRacket TissueBox Vase",
    "bathroom": "Cloth DishSponge HandTowel Plunger ScrubBrush SoapBar SoapBottle SprayBottle TissueBox ToiletPaper "
    "Towel",
}
"""Type of room -> what ordered tasks carry."""

ORDERED_PLACES = {
    "kitchen": "Bowl Cabinet CounterTop Fridge GarbageCan Microwave Pan Plate Pot SinkBasin",
    "living_room": "ArmChair Bowl Box Cabinet CoffeeTable Desk DiningTable Drawer Dresser GarbageCan Plate Safe Sofa "
    "TVStand",
    "bedroom": "ArmChair Bed Bowl Box Cabinet CoffeeTable CounterTop Desk Drawer Dresser GarbageCan LaundryHamper Mug "
    "Safe Shelf SideTable Sofa",
    "bathroom": "BathtubBasin Cabinet CounterTop Drawer Dresser GarbageCan HandTowelHolder Shelf SideTable SinkBasin "
    "Toilet ToiletPaperHanger TowelHolder",
}
"""Type of room -> where ordered tasks carry it, as far as the thing belongs there."""

ORDERED_STRICT = {
    ("kitchen", "Lettuce"): ("CounterTop", "GarbageCan", "SinkBasin"),
    ("kitchen", "Mug"): ("CounterTop", "SinkBasin"),
}
"""Things that ordered tasks carry to fewer places than other tasks do."""

NO_TRANSPORT = ("TissueBox", "Towel")
"""Types that the reference's table of places spells with a space too many, so that they are carried nowhere."""
