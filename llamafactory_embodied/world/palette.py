"""The main colour of every object type, and the colours that shapes share.

Things that are picked up in kitchens have natural but saturated colours that are far apart from each other and from
the pale surfaces they lie on (a test measures the distances in CIELAB), so that a small vision model can tell them
apart at the size of one visual token.
"""

from types import MappingProxyType

from .primitive import Color

WHITE: Color = (244, 244, 240)
CREAM: Color = (240, 232, 210)
BLACK: Color = (28, 28, 32)
CHARCOAL: Color = (58, 60, 66)
STEEL: Color = (178, 184, 192)
SILVER: Color = (208, 212, 218)
WOOD: Color = (150, 106, 66)
DARK_WOOD: Color = (92, 62, 44)
PALE_WOOD: Color = (206, 186, 156)
GLASS: Color = (186, 212, 226)
SKY: Color = (160, 202, 240)
WATER: Color = (96, 168, 236)
FLAME: Color = (255, 112, 28)
LEAF: Color = (58, 132, 60)
SOIL: Color = (84, 58, 42)
GREY_STONE: Color = (158, 158, 162)

KITCHEN_PICKUPABLES: MappingProxyType[str, Color] = MappingProxyType(
    {
        "AlarmClock": (255, 0, 255),
        "Apple": (233, 14, 73),
        "Book": (106, 0, 163),
        "Bottle": (0, 255, 198),
        "Bowl": (0, 182, 198),
        "Bread": (253, 178, 100),
        "ButterKnife": (255, 87, 157),
        "Candle": (255, 132, 114),
        "CellPhone": (51, 0, 58),
        "CreditCard": (250, 128, 0),
        "Cup": (255, 156, 244),
        "DishSponge": (255, 255, 51),
        "Egg": (255, 243, 174),
        "Fork": (159, 196, 50),
        "Kettle": (148, 4, 118),
        "Knife": (85, 0, 22),
        "Ladle": (31, 124, 0),
        "Lettuce": (115, 237, 0),
        "Mug": (0, 76, 255),
        "Newspaper": (139, 197, 129),
        "Pan": (22, 13, 17),
        "PaperTowelRoll": (255, 170, 190),
        "Pencil": (255, 193, 6),
        "PepperShaker": (45, 80, 81),
        "Plate": (230, 220, 255),
        "Pot": (139, 101, 158),
        "Potato": (115, 69, 0),
        "RemoteControl": (145, 17, 0),
        "SaltShaker": (168, 255, 232),
        "SoapBottle": (56, 210, 99),
        "Spatula": (0, 49, 144),
        "Spoon": (172, 119, 255),
        "SprayBottle": (0, 135, 255),
        "Statue": (97, 114, 45),
        "TissueBox": (87, 185, 255),
        "Tomato": (245, 50, 10),
        "Vase": (0, 132, 99),
        "Watch": (161, 137, 0),
        "WineBottle": (0, 47, 0),
    }
)
"""Small things of kitchens; kept far apart."""

KITCHEN_SURFACES: MappingProxyType[str, Color] = MappingProxyType(
    {
        "CounterTop": (172, 172, 176),
        "DiningTable": (186, 160, 132),
        "Floor": (150, 146, 140),
        "Shelf": (214, 206, 194),
        "SideTable": (142, 118, 98),
        "SinkBasin": (150, 158, 166),
    }
)
"""What small things lie on: greyish and pale."""

OTHERS: MappingProxyType[str, Color] = MappingProxyType(
    {
        "AluminumFoil": (196, 200, 208),
        "ArmChair": (170, 90, 70),
        "BaseballBat": (196, 140, 84),
        "BasketBall": (230, 110, 30),
        "Bathtub": (226, 236, 240),
        "BathtubBasin": (176, 220, 226),
        "Bed": (92, 120, 176),
        "Blinds": (230, 226, 210),
        "Boots": (96, 64, 40),
        "Box": (190, 140, 88),
        "CD": (150, 220, 230),
        "Cabinet": (150, 100, 62),
        "Chair": (176, 112, 70),
        "Cloth": (230, 130, 90),
        "CoffeeMachine": (120, 36, 40),
        "CoffeeTable": (168, 124, 84),
        "Curtains": (190, 120, 120),
        "Desk": (182, 138, 92),
        "DeskLamp": (220, 190, 90),
        "Desktop": (70, 72, 80),
        "DogBed": (140, 100, 130),
        "Door": (140, 96, 66),
        "Drawer": (226, 222, 212),
        "Dresser": (128, 84, 58),
        "Dumbbell": (50, 54, 64),
        "Faucet": (190, 200, 212),
        "FloorLamp": (226, 200, 120),
        "Footstool": (150, 90, 110),
        "Fridge": (186, 206, 224),
        "GarbageBag": (44, 46, 48),
        "GarbageCan": (66, 96, 84),
        "HandTowel": (90, 170, 190),
        "HandTowelHolder": (176, 182, 190),
        "HousePlant": (62, 140, 62),
        "KeyChain": (200, 160, 60),
        "Laptop": (120, 126, 140),
        "LaundryHamper": (206, 190, 150),
        "LightSwitch": (246, 244, 232),
        "Microwave": (84, 88, 98),
        "Mirror": (190, 220, 232),
        "Ottoman": (150, 110, 150),
        "Painting": (200, 120, 80),
        "Pen": (30, 60, 170),
        "Pillow": (236, 214, 170),
        "Plunger": (170, 50, 44),
        "Poster": (90, 140, 190),
        "RoomDecor": (180, 150, 200),
        "Safe": (70, 84, 100),
        "ScrubBrush": (60, 150, 210),
        "ShelvingUnit": (124, 132, 112),
        "ShowerCurtain": (170, 200, 220),
        "ShowerDoor": (186, 214, 224),
        "ShowerGlass": (186, 214, 224),
        "ShowerHead": (186, 194, 204),
        "Sink": (224, 228, 232),
        "SoapBar": (246, 200, 214),
        "Sofa": (86, 126, 120),
        "Stool": (188, 70, 52),
        "StoveBurner": (40, 40, 44),
        "StoveKnob": (60, 62, 66),
        "TVStand": (112, 80, 60),
        "TableTopDecor": (200, 110, 160),
        "TargetCircle": (220, 60, 60),
        "TeddyBear": (176, 120, 70),
        "Television": (30, 32, 38),
        "TennisRacket": (220, 220, 70),
        "Toaster": (214, 150, 70),
        "Toilet": (240, 240, 240),
        "ToiletPaper": (250, 248, 244),
        "ToiletPaperHanger": (98, 86, 78),
        "Towel": (90, 130, 200),
        "TowelHolder": (184, 156, 104),
        "VacuumCleaner": (170, 40, 60),
        "WateringCan": (70, 150, 120),
        "Window": (228, 226, 220),
    }
)
"""Furniture, fittings and the things of other rooms."""

COLORS: MappingProxyType[str, Color] = MappingProxyType({**OTHERS, **KITCHEN_SURFACES, **KITCHEN_PICKUPABLES})
"""Object type -> main colour."""

GENERIC: Color = (150, 130, 170)
"""Main colour of a type that has none of its own."""

WALLS: tuple[Color, ...] = (
    (226, 220, 206),
    (210, 220, 224),
    (222, 214, 222),
    (214, 224, 210),
    (228, 216, 204),
    (216, 216, 216),
)
"""Pale wall colours, one per room."""

FLOORS: tuple[Color, ...] = (
    (168, 152, 134),
    (150, 146, 140),
    (176, 164, 150),
    (146, 134, 124),
)
"""Desaturated floor colours, one per room."""
