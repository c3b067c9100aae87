from posesearch import skeleton


def test_mirroring_twice_is_identity_and_keeps_the_body() -> None:
    assert [skeleton.MIRROR[skeleton.MIRROR[joint]] for joint in range(18)] == list(range(18))
    assert sorted(skeleton.MIRROR[skeleton.BODY]) == list(range(14))
    assert skeleton.JOINTS[skeleton.MIRROR[skeleton.INDEX["left_wrist"]]] == "right_wrist"
    assert skeleton.MIRROR[skeleton.INDEX["neck"]] == skeleton.INDEX["neck"]


def test_the_body_limbs_are_a_tree_over_the_body_joints() -> None:
    reached = {skeleton.INDEX["neck"]}
    for limb in skeleton.BODY_LIMBS:
        assert limb.start in reached
        assert limb.end not in reached
        reached.add(limb.end)
    assert reached == set(range(14))


def test_limbs_know_their_side() -> None:
    sides = {(skeleton.JOINTS[limb.start], skeleton.JOINTS[limb.end]): limb.side for limb in skeleton.LIMBS}
    assert sides["neck", "nose"] == "centre"
    assert sides["neck", "left_shoulder"] == "left"
    assert sides["right_hip", "right_knee"] == "right"
    assert sides["nose", "right_eye"] == "right"
