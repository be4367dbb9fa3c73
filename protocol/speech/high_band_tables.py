"""The chances of the high band's levels: see `protocol.speech.high_band`.

Made by `scripts/train_high_band.py`. A row has a digit for each level, in steps of 2/3 bit: 0 for the likeliest, f for
what hardly occurs.
"""

from __future__ import annotations

__all__ = ["FIRST", "NEXT"]

# By band, and the level of the band below.
FIRST = (
    ("011113579cff",),
    (
        "047bffffffff",
        "00149fffffff",
        "31014bffffff",
        "731015dfffff",
        "b631016fffff",
        "ca621027ffff",
        "ab8520017fff",
        "8a97730139ff",
        "7888975016ff",
        "5666786c04ff",
        "011123579eff",
        "011123579eff",
    ),
    (
        "048dffffffff",
        "1014afffffff",
        "21014affffff",
        "610014bfffff",
        "b510013affff",
        "ba400013afff",
        "aba411014bff",
        "8aa854301aff",
        "78887bc302ff",
        "2334567830ff",
        "011234568cff",
        "011234568cff",
    ),
    (
        "036cffffffff",
        "2003afffffff",
        "42014bffffff",
        "741015dfffff",
        "9731016cffff",
        "ca621016ffff",
        "bcc632016fff",
        "abbb951029ff",
        "8999ac6104ff",
        "566679a403ff",
        "011124567cff",
        "011124567cff",
    ),
)

# By band, the level 20 ms before, and the change: of the band below, or before.
NEXT = (
    (
        ("04678adfffff", "03678bdfffff", "045568beffff", "045679bfffff", "045679bfffff"),
        ("022569beffff", "00147bcfffff", "102579efffff", "101246acffff", "101469ceffff"),
        ("0101468affff", "210258efffff", "320258cfffff", "420158cfffff", "4200247cffff"),
        ("11101469bfff", "331026afffff", "541026afffff", "751026afffff", "64201369efff"),
        ("222003487fff", "4431027cffff", "7641037bffff", "8741037cffff", "97410147afff"),
        ("43320178ffff", "55420037ffff", "98631038cfff", "a9741037efff", "a97410248bff"),
        ("ed242018bfff", "75521004efff", "997420038fff", "a98620048fff", "fbb6410249ff"),
        ("caa1500148df", "777410008cff", "f986420048ff", "99f8721049ff", "fff98410149f"),
        ("cacc653104ac", "feff521108ef", "ffff543104ff", "f7ffb73106ff", "ffffc742038f"),
        ("aaaaa673107a", "aaaaa682108a", "fffff573007f", "ddddd9a410ad", "ddddd9b310bd"),
        ("333333333003", "333333333003", "555555555015", "555555555105", "555555555005"),
        ("000000000000", "000000000000", "000000000000", "000000000000", "000000000000"),
    ),
    (
        ("07afffffffff", "06dfffffffff", "06afffffffff", "0137cfffffff", "4100136affff"),
        ("048cffffffff", "014befffffff", "1027dfffffff", "40037dffffff", "73001358ffff"),
        ("0248efffffff", "2004afffffff", "62028effffff", "a40038efffff", "e7200148dfff"),
        ("01137fffffff", "53004bffffff", "b72028ffffff", "f930149fffff", "ce720027bfff"),
        ("010037ffffff", "a73004dfffff", "fc72039fffff", "fe83014affff", "fba62012bfff"),
        ("3110038fffff", "fc73005fffff", "ffb6203affff", "fff83015cfff", "fe9951013fff"),
        ("7321014cffff", "fff72016ffff", "fffc6104bfff", "ffff83017fff", "fdca640016ff"),
        ("f8431015bfff", "ffff6201afff", "ffffb5104fff", "fffec83019ff", "feba854014ff"),
        ("ff7742024aff", "ffffd4100aff", "fffffd6205ff", "ffeec97502ff", "eecca74307ee"),
        ("888888101188", "aaaaaa2103aa", "bbbbbb7600bb", "888888421088", "777777320077"),
        ("000000000000", "000000000000", "000000000000", "000000000000", "000000000000"),
        ("000000000000", "000000000000", "000000000000", "000000000000", "000000000000"),
    ),
    (
        ("07cfffffffff", "05afffffffff", "05afffffffff", "0026bfffffff", "31001358cfff"),
        ("048dffffffff", "004affffffff", "1028bfffffff", "40037cffffff", "72001246fdff"),
        ("0148dfffffff", "2004afffffff", "72038cffffff", "a40147dfffff", "d61001359fff"),
        ("00149cffffff", "63004affffff", "d72038cfffff", "d830147fffff", "eb5100136aff"),
        ("010149ffffff", "962005cfffff", "fa51038dffff", "fc620137ffff", "eea4210158ff"),
        ("210016aeffff", "d941015cffff", "fd841028ffff", "ffa520037fff", "fec9531028ff"),
        ("6210017bffff", "fb941015cfff", "ffb74102afff", "fff963004aff", "fdba843005ff"),
        ("f7321017afff", "ffba41015bff", "fffb85203fff", "ffff874016ff", "ffca874302ff"),
        ("ff84220159ff", "fffae61026ff", "ffffab6104ff", "fffecb9301ff", "ffc9763010ff"),
        ("eeeee52033be", "fffffcb1017f", "fffff9d620ef", "eeeeeb95205e", "bbbbb762007b"),
        ("222222022022", "222222022022", "444444044044", "222222022022", "222222022022"),
        ("000000000000", "000000000000", "000000000000", "000000000000", "000000000000"),
    ),
    (
        ("07deffffffff", "05efffffffff", "05afffffffff", "0026cfffffff", "52001359ffff"),
        ("049cffffffff", "004cffffffff", "1028dfffffff", "40038fffffff", "a3101248dfff"),
        ("014adfffffff", "2004efffffff", "62039effffff", "a40149ffffff", "e7210126dfff"),
        ("0003acffffff", "63005effffff", "d7203affffff", "fa30159fffff", "fe6210038fff"),
        ("11003affffff", "d83005ffffff", "fd7203afffff", "ff930148efff", "ffd631014aff"),
        ("421015afffff", "fc72016fffff", "ffc71038ffff", "fffb30038fff", "fedb631029ff"),
        ("75210279ffff", "fff62015ffff", "ffff82038eff", "fffeb4003aff", "ffca963016ff"),
        ("774100169fff", "ffff52016fff", "fffff8103aff", "ffffdc4006ff", "ffb9763103ff"),
        ("ff7421025bff", "fffff52017ff", "fffffe9105ff", "ffffdca303ff", "ffc9754105ff"),
        ("bbbb2111039b", "eeeeaa6203be", "ffffcba9027f", "bbbb8775109b", "aaaa7654028a"),
        ("000000000000", "000000000000", "000000000000", "000000000000", "000000000000"),
        ("000000000000", "000000000000", "000000000000", "000000000000", "000000000000"),
    ),
)
