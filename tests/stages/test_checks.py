"""Every planted mistake in thoughts is found, and sound thoughts pass, whoever wrote them."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kitchens import BRIEF, household, pairs

from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.episodes.reply import Thought
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.stages.checks import KINDS, Limits, problems
from llamafactory_embodied.stages.claims import claims
from llamafactory_embodied.stages.intention import intended_by, intention
from llamafactory_embodied.stages.named import named
from llamafactory_embodied.stages.turn import Turn, turns_of
from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.tasks.task import Goal
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.shapes import KNOWN_TYPES
from llamafactory_embodied.world.sight import Sighting

NAMEABLE = sorted(KNOWN_TYPES - {"Door"})


def sight(kind, across=0.5, distance=1.0, inside=(), **state):
    flags = {"is_open": None, "is_on": None, "receptacle": False, "portable": False, "held": False} | state
    return Sighting(f"{kind}|1", kind, 900, across, distance, inside, **flags)


LOOK = (
    sight("Fridge", across=0.1, distance=3.0, is_open=False, receptacle=True),
    sight("CounterTop", across=0.5, receptacle=True),
    sight("Mug", across=0.6, inside=("CounterTop|1",), portable=True),
    sight("Plate", across=0.4, inside=("CounterTop|1",), portable=True),
    sight("Drawer", across=0.45, is_open=True, receptacle=True),
    sight("FloorLamp", across=0.9, distance=2.5, is_on=True),
    sight("Microwave", across=0.7, distance=1.2, is_open=False, is_on=False, receptacle=True),
)


PICK_UP = Action("pickup", "Mug")


def a_turn(action=PICK_UP, looks=(LOOK,), **changes):
    seen = frozenset(one.object_type for look in looks for one in look)
    facts = {
        "episode": "e",
        "number": 3,
        "room": "kitchen",
        "task": "Put the mug in the sink.",
        "goals": (Goal("placed", "Mug", "SinkBasin"),),
        "goal": Goal("placed", "Mug", "SinkBasin"),
        "action": action,
        "occasion": "found",
        "place": None,
        "here": None,
        "looks": looks,
        "ahead": looks[0],
        "frames": ("0.png",),
        "seen": seen | {"Toaster"},
        "tried": (),
        "untried": (),
        "holding": None,
        "before": ((Action("navigate to", "CounterTop"), None),),
    }
    return Turn(**facts | changes)


def kinds_of(turn, *texts, tag="Thinking", **limits):
    found = problems(turn, [Thought(tag, text) for text in texts], Limits(**limits))
    assert all(one.split(":")[0] in KINDS for one in found)
    return [one.split(":")[0] for one in found]


SOUND = (
    "The mug is on the counter. I pick it up.",
    "On the counter I see a mug and a plate, and both are within reach. I take the mug.",
    "The fridge on my left is closed and far away; the toaster was somewhere behind me. Now I grab the mug.",
    "The mug is near the plate, so I need to pick up the mug. It goes in the sink later.",
    "I watch the counter, and I can box on without a pan-fried plan, so I lift the mug.",
    "The drawer is open, the floor lamp is on and the microwave is off. I fetch the mug.",
    "In front of me is the mug. I have not opened the fridge, and I will not open it. I get the mug.",
    "If the mug were not here I would open the fridge, but there it is, so I reach for the mug.",
)


@pytest.mark.parametrize("text", SOUND)
def test_sound_thoughts_have_no_problems(text):
    assert kinds_of(a_turn(), text) == []


FALSE = (
    "The mug is in the fridge.",
    "The mug is on my left.",
    "The fridge is on the right.",
    "The floor lamp is in the middle.",
    "Straight ahead there is a fridge.",
    "Behind me there is a fridge.",
    "The mug is in my hand.",
    "The fridge is within reach.",
    "The mug is far away.",
    "The fridge is open.",
    "The drawer is closed.",
    "I see the closed drawer.",
    "The floor lamp is off.",
    "The microwave is switched on.",
    "The mug is to the left of the plate.",
    "The mug is next to the fridge.",
    "On my left I see a mug.",
    "In the drawer there is a mug.",
    "The drawer holds a plate.",
    "I see a plate in the drawer.",
    "The mug is not on the counter.",
    "The toaster is on the counter.",
    "To my left there is a toaster.",
    "I stand before the fridge. It is open.",
    "A mug and a fridge are on the right.",
    "The lamp beside the counter is off.",
)


@pytest.mark.parametrize("text", FALSE)
def test_planted_false_claims_are_found(text):
    assert kinds_of(a_turn(), f"{text} I pick up the mug.") == ["claim"]


NO_CLAIMS = (
    "The toaster was on my left.",
    "The mug may be in the fridge.",
    "I want the mug in the sink.",
    "Perhaps a mug is in the drawer.",
    "Is the mug in the fridge?",
    "If the fridge is open, all is well.",
    "The mug should be in the fridge.",
    "I remember that the toaster stood behind me.",
)


@pytest.mark.parametrize("text", NO_CLAIMS)
def test_what_is_past_supposed_or_wished_is_not_judged(text):
    assert all(claim.past for claim in claims(text))
    assert kinds_of(a_turn(), f"{text} The mug is here: I pick it up.") == []


def test_after_a_look_around_left_right_and_behind_are_the_three_frames():
    looks = ((sight("Fridge"),), (sight("Bed"),), (sight("Sofa"),))
    turn = a_turn(Action("navigate to", "Sofa"), looks, ahead=(sight("Bed"),))
    right = "On my left is the fridge, the bed is on my right, and behind me I see a sofa. I walk to the sofa."
    assert kinds_of(turn, right) == []
    for wrong in ("The bed is on my left.", "Behind me I see a bed.", "The fridge is straight ahead."):
        assert kinds_of(turn, f"{wrong} I walk to the sofa.") == ["claim"]
    assert kinds_of(turn, "The bed is straight ahead. I walk to the sofa.") == []  # one still knows what is ahead


def test_what_one_has_put_somewhere_and_what_one_holds_needs_no_frame():
    put = ((Action("put", "SinkBasin"), None),)
    done = "The mug is in the sink. I am done."
    assert kinds_of(a_turn(Action("end"), before=put), f"I see a plate. {done}") == []
    assert kinds_of(a_turn(Action("end")), f"I see a plate. {done}") == ["claim"]
    carried = "The mug is in my hand. I open the fridge."
    assert kinds_of(a_turn(Action("open", "Fridge"), holding="Mug"), carried) == []


LEAKS = (
    ("I know of a statue.", "Statue"),
    ("Perhaps an apple lies somewhere.", "Apple"),
    ("There are two knives.", "Knife"),
    ("The coffee machine comes to mind.", "CoffeeMachine"),
    ("A butter knife would do.", "ButterKnife"),
    ("The LaundryHamper is full.", "LaundryHamper"),
    ("Somewhere is a couch.", "Sofa"),
    ("I think of the trash can.", "GarbageCan"),
    ("The TV is somewhere.", "Television"),
    ("A watch and a pen may be there.", "Watch"),
    ("I miss my books.", "Book"),
    ("Some soap would be good.", "SoapBar"),
    ("A light switch must be near.", "LightSwitch"),
    ("I think of shelves.", "Shelf"),
    ("There may be boxes.", "Box"),
    ("The safe may be shut.", "Safe"),
)


def test_planted_leaks_are_found():
    for text, kind in LEAKS:
        assert any(kind in names for names in named(text)), text
        assert "leak" in kinds_of(a_turn(), f"{text} I pick up the mug."), text
        known = a_turn(seen=a_turn().seen | {one for names in named(text) for one in names})
        assert kinds_of(known, f"{text} I pick up the mug.") == [], text


@pytest.mark.parametrize("kind", NAMEABLE)
@pytest.mark.parametrize("spell", [str, plain, lambda kind: f"{plain(kind)}s"])
def test_each_type_is_recognised_and_is_a_leak_where_it_is_unknown(kind, spell):
    text = f"Perhaps I find the {spell(kind)} somewhere. I pick up the mug."
    if spell in (str, plain):
        assert kind in named(text)[0]
    unknown = {kind for names in named(text)[:-1] for kind in names} - {"Mug"}
    turn = a_turn(seen=a_turn().seen - unknown, task="Do it.", goals=(), before=())
    hidden = bool(unknown - {"Mug"}) and not unknown & turn.seen
    assert ("leak" in kinds_of(turn, text)) == hidden


NAMELESS = (
    "I watch out, and I can see nothing. I book no success and pan around.",
    "It is safe to say that I must sink no lower; that mirrors what I thought, to pen it down.",
    "A safe place is a safe bet. Now I can plate up, please, and never pot anything.",
    "I will bed down here and then watch. There is a remote chance.",
    "We counter that, and I will floor it.",
)


@pytest.mark.parametrize("text", NAMELESS)
def test_ordinary_english_names_nothing(text):
    assert named(text) == ()


@given(st.text(alphabet="qxzvj .,;'-<>0123456789\n", max_size=200))
def test_a_text_without_names_never_leaks_and_never_raises(text):
    found = kinds_of(a_turn(), text)
    assert "leak" not in found
    assert "claim" not in found
    assert intention(text) is None


@given(st.text(max_size=200))
def test_any_text_that_does_not_say_what_comes_next_is_refused(text):
    assert kinds_of(a_turn(), text) or intention(text) == PICK_UP


def test_the_longest_name_counts():
    said = "A coffee machine, a coffee table, a butter knife, a TV stand, the toilet paper, paper towels and a bottle."
    kinds = ["CoffeeMachine", "CoffeeTable", "ButterKnife", "TVStand", "ToiletPaper", "PaperTowelRoll", "Bottle"]
    assert [names[0] for names in named(said)] == kinds


def test_a_thought_that_names_nothing_in_view_is_ungrounded_unless_it_states_the_failure():
    text = "I keep on looking for something better."
    acted = "I pick up the mug."
    assert kinds_of(a_turn(), text, acted) == ["ungrounded"]
    assert kinds_of(a_turn(number=1), text, acted) == []
    assert kinds_of(a_turn(looks=((),)), text, acted) == []
    failed = a_turn(before=((Action("pickup", "Mug"), "too_far"),))
    assert kinds_of(failed, "That did not work.", acted) == []
    assert kinds_of(a_turn(), "That did not work.", acted) == ["ungrounded"]
    assert kinds_of(failed, text, acted) == ["ungrounded"]


@pytest.mark.parametrize(
    "text", ["<image>", "<|im_end|>", "<Planning>more", "</Thinking>", "< DecisionMaking >", "a \ud800 half", "‹|x"]
)
def test_control_tokens_tags_and_images_inside_a_text_are_found(text):
    assert "form" in kinds_of(a_turn(), f"The mug is here {text}. I pick up the mug.")


def test_form_and_length_are_checked():
    good = SOUND[0]
    assert kinds_of(a_turn(), good, tag="Musing") == ["form"]
    assert kinds_of(a_turn()) == ["form", "unstated"]
    assert kinds_of(a_turn(), " ", good)[0] == "form"
    assert "length" in kinds_of(a_turn(), "Mug.", good)
    assert "length" in kinds_of(a_turn(), good, words=(1, 4))
    assert "length" in kinds_of(a_turn(), good, characters=40)
    assert "length" in kinds_of(a_turn(), good, good, thoughts=1)


INTENTIONS = """
I walk over to the fridge. | navigate to Fridge
I'll head to the fridge and look inside. | navigate to Fridge
I make my way to the sofa. | navigate to Sofa
Let me move closer to the bed. | navigate to Bed
The fridge is my goal, so I go there. | navigate to Fridge
My next stop is the dresser. | navigate to Dresser
I'll check the side table. | navigate to SideTable
I have looked on the shelf. The desk comes next. | navigate to Desk
I move on to the next shelf. | navigate to Shelf
I'm heading to the toilet. | navigate to Toilet
With the Mug in hand I go to the Cabinet. | navigate to Cabinet
I take the mug to the microwave. | navigate to Microwave
I want to find the Mug. Next: navigate to Fridge. | navigate to Fridge
The fridge is closed, so I open it. | open Fridge
I pull open the drawer. | open Drawer
I need to open the cabinet. | open Cabinet
Opening the drawer comes next. | open Drawer
I turn to the cabinet and open it. | open Cabinet
What I do next is to open the door of the safe. | open Safe
I opened the drawer, but the mug was not there. I shut it again. | close Drawer
I close the door of the microwave. | close Microwave
Before I go on, I close the drawer. | close Drawer
I shut the fridge and walk to the dresser. | close Fridge
I push the drawer shut. | close Drawer
I take the mug so that I can put it in the fridge later. | pickup Mug
I grab the apple from the fridge. | pickup Apple
I lift the book off the bed. | pickup Book
I'm going to grab the sponge. | pickup DishSponge
I am going to now close the fridge behind me. | close Fridge
I want to now head over to the drawer. | navigate to Drawer
There is the mug on the shelf. I had better fetch it. | pickup Mug
I put the mug on the shelf. | put Shelf
I set it down here on the dining table. | put DiningTable
Here is the Shelf; I put the Mug down. | put Shelf
I lay the pen in the drawer. | put Drawer
I turn on the floor lamp. | toggle FloorLamp
I switch the desk lamp off. | toggle DeskLamp
I start the microwave. | toggle Microwave
The mug is in the coffee machine. I press its button. | toggle CoffeeMachine
It is time to switch on the television. | toggle Television
I flip the light switch. | toggle LightSwitch
I look around. | observe
Let me turn around and see what else is there. | observe
I should take a look around first. | observe
I will survey the room. | observe
I step forward. | move forward
I walk a bit further ahead. | move forward
I am done. | end
There is nothing left to do. | end
The task is complete. | end
I am done here and move on to the shelf. | navigate to Shelf
First I go to the fridge, then I open it. | navigate to Fridge
I walk to the bed because I want to pick up the book. | navigate to Bed
Everything has been completed, so I can end the task now. | end
I'll step back and look at the whole room. | observe
I'm done searching the shelf; the cabinet is next. | navigate to Cabinet
It would be wise to survey the area before going on. | observe
After picking up the egg, I will bring it to the microwave. | navigate to Microwave
I no longer need the drawer open, so I'll push it closed. | close Drawer
I put the mug in the fridge earlier. Now I close the microwave. | close Microwave
"""
NO_INTENTION = """
I do not open the fridge.
If the mug is not here, I will go to the shelf.
My task is to put the mug in the sink.
Should I open the fridge?
I have put the mug in the sink.
I am close to the fridge.
After opening the fridge I saw nothing.
I haven't opened the cabinet yet.
I tried to open the fridge, but it failed.
I opened the drawer to find the apple.
The open drawer is empty.
I could open the fridge.
I am not done yet.
I picked up the mug and walked to the fridge.
"""


@pytest.mark.parametrize("line", INTENTIONS.strip().splitlines())
def test_the_coming_action_is_read_from_its_words(line):
    text, wanted = line.split(" | ")
    assert str(intention(text)) == wanted


@pytest.mark.parametrize("text", NO_INTENTION.strip().splitlines())
def test_what_is_no_intention_is_read_as_none(text):
    assert intention(text) is None


def test_planted_wrong_intentions_are_contradictions():
    planted = 0
    for line in INTENTIONS.strip().splitlines():
        text, said = line.split(" | ")
        if intended_by([Thought("Planning", text)]).firm:
            for other in (
                Action("pickup", "Statue"),
                Action("open", "LaundryHamper"),
                Action("navigate to", "Toaster"),
            ):
                assert str(other) != said
                assert "contradiction" in kinds_of(a_turn(other), text), text
                planted += 1
    assert planted >= 120


def test_thoughts_that_state_no_action_have_a_kind_of_their_own():
    assert kinds_of(a_turn(), "The mug is on the counter.") == ["unstated"]


def test_the_last_thought_that_states_an_intention_counts():
    said = ["I pick up the mug.", "I open the fridge.", "The mug is on the counter."]
    assert kinds_of(a_turn(Action("open", "Fridge")), *said) == []
    assert kinds_of(a_turn(), *said) == ["contradiction"]


def test_plain_thoughts_of_real_episodes_have_sound_form_and_no_leaks():
    turns = leaks = 0
    for record in play(pairs(4, 3), SearcherPolicy(), household, RolloutSettings(BRIEF)):
        for turn in turns_of(json.loads(json.dumps(record))):
            hidden = next(kind for kind in ("Statue", "Toaster", "Dumbbell", "DogBed") if kind not in turn.seen)
            named_one = min(turn.visible or turn.seen)
            text = f"I notice the {plain(named_one)}. Next: {turn.action}."
            assert not {"form", "length", "leak", "ungrounded", "claim"} & set(kinds_of(turn, text))
            leaks += "leak" in kinds_of(replace(turn, task="Do it."), f"{text} I know of the {plain(hidden)}.")
            turns += 1
    assert turns >= 30
    assert leaks == turns
