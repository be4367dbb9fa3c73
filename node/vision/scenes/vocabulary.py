"""The words that descriptions and captions may have beside the grammar's own, and what each stands for."""

from __future__ import annotations

from node.vision.scenes.world import Cloth, Garment, Hair, HairColour, Hat, Place, Who

# A value of an attribute of `Description`.
Value = Who | Hair | HairColour | Garment | Cloth | Hat | Place | bool


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Nouns, which say an attribute; of several words first. An adjective before one belongs to it.
NOUNS: dict[str, tuple[str, Value | None]] = {
    **dict.fromkeys(("woman", "lady", "girl", "female", "gal", "mother", "mum", "mom", "wife"), ("who", Who.WOMAN)),
    **dict.fromkeys(("man", "guy", "boy", "male", "gentleman", "bloke", "dude", "father", "dad"), ("who", Who.MAN)),
    **dict.fromkeys(("lad", "fellow", "husband"), ("who", Who.MAN)),
    **dict.fromkeys(("person", "human", "someone", "somebody", "non-binary", "nonbinary"), ("who", Who.PERSON)),
    **dict.fromkeys(("hair", "haired", "haircut", "hairstyle"), ("hair", None)),
    **dict.fromkeys(("ponytail", "pony tail", "bun"), ("hair", Hair.TIED)),
    **dict.fromkeys(("curls", "afro"), ("hair", Hair.CURLY)),
    **dict.fromkeys(("glasses", "eyeglasses", "spectacles", "specs", "bespectacled"), ("glasses", True)),
    **dict.fromkeys(("beard", "bearded", "full beard"), ("beard", True)),
    **dict.fromkeys(("clean-shaven", "clean shaven", "beardless"), ("beard", False)),
    **dict.fromkeys(("baseball cap", "cap"), ("hat", Hat.CAP)),
    **dict.fromkeys(("woolly hat", "wooly hat", "woollen hat", "knitted hat", "beanie"), ("hat", Hat.WOOLLY)),
    **dict.fromkeys(("headphones", "headset", "earphones"), ("hat", Hat.HEADPHONES)),
    **dict.fromkeys(("hatless", "bareheaded", "bare-headed"), ("hat", Hat.NONE)),
    "shirt": ("garment", Garment.SHIRT),
    "jacket": ("garment", Garment.JACKET),
    "dress": ("garment", Garment.DRESS),
    **dict.fromkeys(
        ("hooded sweater", "sweater with a hood", "hooded sweatshirt", "hoodie", "hoody"), ("garment", Garment.HOODIE)
    ),
    **dict.fromkeys(("t-shirt", "t shirt", "tee shirt", "tee-shirt", "tshirt", "tee"), ("garment", Garment.TSHIRT)),
    **dict.fromkeys(("plain background", "plain backdrop"), ("place", Place.PLAIN)),
    "office": ("place", Place.OFFICE),
    "kitchen": ("place", Place.KITCHEN),
    **dict.fromkeys(
        ("living room with a bookshelf", "living room", "livingroom", "bookshelf", "lounge"),
        ("place", Place.LIVING_ROOM),
    ),
    "park": ("place", Place.PARK),
    **dict.fromkeys(("beach", "seaside", "by the sea"), ("place", Place.BEACH)),
    "street": ("place", Place.STREET),
    **dict.fromkeys(("mountains", "mountain"), ("place", Place.MOUNTAINS)),
    **dict.fromkeys(("snow", "snowy landscape"), ("place", Place.SNOW)),
    **dict.fromkeys(("plain room", "bare wall", "room"), ("place", Place.ROOM)),
}

# Nouns that people describe themselves by and the world lacks: the adjectives before one are about nothing drawn.
OTHER_NOUNS = _words(
    "eyes eyed skin skinned face nose mouth lips ears nails freckles tattoo tattoos trousers jeans pants shorts skirt "
    "tie scarf shoes boots socks belt gloves earrings necklace ring bracelet watch hat moustache mustache goatee "
    "stubble sunglasses blouse sweater jumper pullover sweatshirt coat suit blazer vest cardigan home bedroom garden"
)

# Adjectives of hair, and words that say its shape and stand alone.
HAIRCUTS = {
    **dict.fromkeys(("short", "cropped"), Hair.SHORT),
    "long": Hair.LONG,
    **dict.fromkeys(("curly", "frizzy"), Hair.CURLY),
    **dict.fromkeys(("tied-back", "tied back", "ponytailed", "in a ponytail", "in a bun", "tied"), Hair.TIED),
}
BALD = frozenset({"bald", "hairless", "bald-headed", "bald headed", "shaved head", "shaven head", "bald head"})

HAIR_COLOURS = {
    **{str(colour): colour for colour in HairColour},
    "blonde": HairColour.BLOND,
    "gray": HairColour.GREY,
    "ginger": HairColour.RED,
    "brunette": HairColour.BROWN,
    "redhead": HairColour.RED,
    "redheaded": HairColour.RED,
    "red-headed": HairColour.RED,
}
# Of these, the ones that are said of hair alone: "a blond man", where "a black man" says nothing of hair.
HAIR_ALONE = frozenset({"blond", "blonde", "ginger", "brunette", "redhead", "redheaded", "red-headed"})

CLOTHS = {str(colour): colour for colour in Cloth} | {"violet": Cloth.PURPLE}

NEGATIONS = frozenset({"no", "not", "without", "never", "don't", "dont", "doesn't", "doesnt", "isn't"})

# After one of these begins another noun phrase: no adjective before it belongs to a noun behind it.
BREAKS = _words(
    "a an the my his her their with in on at by of to wearing wears wear has have having had is are am was i i'm im "
    "she's he's who that whose it it's its this me he she they we you do does be been being"
)
# After one of these a colour alone is that of the clothes, and what was negated before no longer is.
WORN = frozenset({"in", "wearing", "wears", "wear"})
AFFIRMATIONS = frozenset({"in", "with", "but"})

# Before and after these, adjectives of one noun may stand; after a stop they may not.
LINKS = frozenset({"and", "or", "nor", "but", "plus"})
STOPS = ".;:!?()"
MARKS = f",/&{STOPS}"

# Words that say nothing.
EMPTY_WORDS = _words("coloured colored colour color very quite rather really some also always usually")

# What is nearest in meaning, where the nearest in letters would mislead.
NEAREST = {
    "wavy": "curly",
    "auburn": "red",
    "chestnut": "brown",
    "dark": "black",
    "fair": "blond",
    "silver": "grey",
    "navy": "blue",
    "moustache": "a beard",
    "mustache": "a beard",
    "goatee": "a beard",
    "stubble": "a beard",
    "sunglasses": "glasses",
    "hat": "a woolly hat",
    "blouse": "a shirt",
    "sweater": "a hooded sweater",
    "jumper": "a hooded sweater",
    "pullover": "a hooded sweater",
    "sweatshirt": "a hooded sweater",
    "cardigan": "a jacket",
    "coat": "a jacket",
    "suit": "a jacket",
    "blazer": "a jacket",
    "vest": "a jacket",
    "home": "a living room",
    "bedroom": "a plain room",
    "garden": "a park",
    "braids": "tied-back",
    "plaits": "tied-back",
}

# Words that may follow a whole scene without changing what it is; "a table leg" is no table.
JOINTS = _words(
    "and with while next near beside behind under before by in at looking staring watching facing holding wearing"
)

# In captions, the same thing in the grammar's own words.
SAME = {
    "gray": "grey",
    "blonde": "blond",
    "couch": "sofa",
    "tshirt": "t-shirt",
    "sits": "sitting",
    "sleeps": "sleeping",
    "jumps": "jumping",
    "smiles": "is smiling",
    "talks": "is talking",
    "waves": "is waving",
}
