"""A program applied in-process: order, values, secrets, tags and regions are those of the program, errors are told."""

import json

import pytest

from lib.common.errors import SettingError
from lib.local_cloud.errors import LocalCloudError
from tests.support.pulumi_programs.fake import AWAY, FAR, HOME, FakeCloud, Run, refusal

TWO_PROVIDERS = """
class Provider(pulumi.ProviderResource):
    def __init__(self, title, kind="aws", **inputs):
        super().__init__(kind, title, inputs)
"""


@pytest.fixture
def world():
    return FakeCloud()


@pytest.fixture
def run(tmp_path, world, monkeypatch):
    return Run(tmp_path, world, monkeypatch)


def test_a_thing_is_made_after_what_it_reads(run, world):
    run.up("b = Thing('b')\nThing('a', text=pulumi.Output.concat('of ', b.arn))\n")
    assert world.made("create") == ["b", "a"]
    assert world.things["a"]["inputs"]["text"] == "of arn:b"


def test_a_thing_is_made_after_what_it_only_depends_on(run, world):
    def slow(title):
        if title == "b":
            assert waiting.wait(0.1) is False, "a was begun before b was there"

    from threading import Event

    waiting = Event()
    world.before = lambda title: slow(title) if title == "b" else waiting.set()
    run.up("b = Thing('b')\nThing('a', pulumi.ResourceOptions(depends_on=[b]))\n")
    assert world.made("create") == ["b", "a"]


def test_a_thing_that_depends_on_a_component_waits_for_its_children(run, world):
    run.up(
        "g = Group('g')\nThing('child', pulumi.ResourceOptions(parent=g), text='x')\n"
        "Thing('a', pulumi.ResourceOptions(depends_on=[g]))\n"
    )
    assert world.made("create") == ["child", "a"]


def test_only_the_stacks_outputs_are_exports(run):
    exports = run.up("Group('g').register_outputs({'inner': 1})\npulumi.export('outer', 2)\n").exports
    assert exports == {"outer": 2}


def test_numbers_arrive_whole_and_structures_as_they_are(run, world):
    run.up("Thing('a', size=3, items=[{'b': 1.5, 'c': True}, None, 'x'])\n")
    assert world.things["a"]["inputs"] == {"size": 3, "items": [{"b": 1.5, "c": True}, None, "x"]}
    assert isinstance(world.things["a"]["inputs"]["size"], int)


def test_an_input_that_comes_to_nothing_is_none(run, world):
    run.up("b = Thing('b')\nThing('a', text=b.arn.apply(lambda _: None), size=None)\n")
    assert world.things["a"]["inputs"] == {}


def test_another_resource_as_an_input_is_its_id(run, world):
    run.up("b = Thing('b')\nThing('a', parent=b, items=[Group('g')])\n")
    assert world.things["a"]["inputs"]["parent"] == "arn:b"
    assert world.things["a"]["inputs"]["items"][0].endswith("tap:index:Group::g")


def test_a_file_and_a_text_as_an_input_are_their_content(run, world, tmp_path):
    (tmp_path / "code.zip").write_bytes(b"zip")
    run.up(
        f"Thing('a', content=pulumi.FileArchive({str(tmp_path / 'code.zip')!r}))\n"
        "Thing('b', content=pulumi.StringAsset('text'))\n"
    )
    assert world.things["a"]["inputs"]["content"].read() == b"zip"
    assert world.things["b"]["inputs"]["content"].read() == b"text"


def test_a_file_elsewhere_is_refused(run):
    with pytest.raises(LocalCloudError, match="Thing 'a': the value of 'content' is not known an asset of a kind"):
        run.up("Thing('a', content=pulumi.RemoteAsset('http://127.0.0.1/x'))\n")


def test_a_secret_arrives_in_clear_and_is_written_nowhere(run, world):
    monitor = run.up(
        "Thing('a', password=pulumi.Output.secret('correct horse'), items=[pulumi.Output.secret('battery')])\n"
        "pulumi.export('open', 'x')\npulumi.export('shut', {'in': [pulumi.Output.secret('staple')]})\n"
    )
    assert world.things["a"]["inputs"]["password"] == "correct horse"
    assert world.things["a"]["inputs"]["items"] == ["battery"]
    assert monitor.exports == {"open": "x", "shut": {"in": ["[secret]"]}}
    written = run.path.read_text() + "".join(run.told)
    assert not [word for word in ("correct", "battery", "staple") if word in written]


def test_no_error_repeats_a_secret(run, world):
    world.before = lambda title: (_ for _ in ()).throw(refusal(f"InvalidParameter: {title} 'correct horse'"))
    with pytest.raises(LocalCloudError, match=r"InvalidParameter: a '\[secret\]'") as failure:
        run.up("Thing('a', password=pulumi.Output.secret('correct horse'), items=[pulumi.Output.secret('')])\n")
    assert "horse" not in str(failure.value)


def test_equal_secrets_have_different_fingerprints_in_two_states(run, tmp_path, world, monkeypatch):
    other = Run(tmp_path / "other", world, monkeypatch)
    other.folder.mkdir()
    body = "Thing('a', password=pulumi.Output.secret('correct horse'))\n"
    run.up(body)
    other.up(body)
    ((first,), (second,)) = (state.records.values() for state in (run.state(), other.state()))
    assert first.inputs["password"] != second.inputs["password"]


def test_the_providers_tags_and_region_hold_unless_the_thing_has_its_own(run, world):
    monitor = run.up(
        TWO_PROVIDERS + f"p = Provider('p', region='{AWAY}', "
        "defaultTags=json.dumps({'tags': {'A': '1', 'B': '1'}}),\n"
        "             skipMetadataApiCheck='true')\n"
        "o = pulumi.ResourceOptions(provider=p)\n"
        "a = Thing('a', o, tags={'B': '2', 'C': '2'})\nThing('b', o, region='" + FAR + "')\nThing('c')\n"
        "pulumi.export('all', a.tagsAll)\npulumi.export('own', a.tags)\npulumi.export('region', a.region)\n"
    )
    assert world.things["a"]["tags"] == {"A": "1", "B": "2", "C": "2"}
    assert {title: thing["region"] for title, thing in world.things.items()} == {"a": AWAY, "b": FAR, "c": HOME}
    assert world.things["c"]["tags"] == {}
    assert monitor.exports == {"all": world.things["a"]["tags"], "own": {"B": "2", "C": "2"}, "region": AWAY}


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("Provider('p', profile='me')", "aws 'p': .*takes no input 'profile'"),
        ("Provider('p', 'gcp')", "gcp 'p': .*not known"),
    ],
)
def test_a_provider_that_would_be_another_here_is_refused(run, provider, said):
    with pytest.raises(LocalCloudError, match=said):
        run.up(f"{TWO_PROVIDERS}p = {provider}\nThing('a', pulumi.ResourceOptions(provider=p))\n")


@pytest.mark.parametrize(
    "reading",
    [
        "Thing('b', text=a.never)",
        "Thing('b', items=[{'x': a.never}])",
        "Thing('b', text=a.never.apply(lambda v: v['key']))",
        "a.never.apply(lambda v: v.name)",
        "a.never.apply(lambda v: f'x{v}')",
        "a.never.apply(lambda v: 1 if v else 2)",
        "a.never.apply(lambda v: v == 'x')",
        "a.never.apply(lambda v: [*v])",
        "pulumi.Output.concat('x', a.never)",
        "pulumi.Output.all(a.never, a.arn).apply(lambda v: v[0] + v[1])",
        "pulumi.export('x', a.never)",
        "pulumi.export('x', {'y': [a.never]})",
    ],
)
def test_reading_an_output_that_nobody_returned_is_an_error_that_names_it(run, world, reading):
    with pytest.raises(LocalCloudError, match="Thing 'a': the program reads its output 'never'"):
        run.up(f"a = Thing('a')\n{reading}\n")
    assert "b" not in world.things


def test_writing_such_an_output_as_json_names_it_too(run):
    with pytest.raises(TypeError, match="Thing 'a': the program reads its output 'never'"):
        run.up("a = Thing('a')\npulumi.export('x', a.never.apply(json.dumps))\n")


def test_an_output_that_nobody_reads_may_be_missing(run):
    assert run.up("a = Thing('a')\npulumi.export('x', a.arn)\n").exports == {"x": "arn:a"}


OWN_OUTPUTS = "before = pulumi.StackReference('x', 'organization/tap/stack')\n"


def test_a_program_reads_what_it_exported_last(run):
    body = f"{OWN_OUTPUTS}pulumi.export('n', before.get_output('n').apply(lambda n: (n or 0) + 1))\nThing('a')\n"
    assert [run.up(body).exports["n"] for _ in range(3)] == [1, 2, 3]


def test_the_outputs_of_another_stack_are_not_known(run):
    with pytest.raises(LocalCloudError, match="pulumi:pulumi:StackReference 'x' is read by id"):
        run.up(OWN_OUTPUTS.replace("/stack'", "/other'"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pulumi.CustomResource('aws:x/y:Z', 'a', {})", "aws:x/y:Z 'a': this type has no entry"),
        ("Thing('a', pulumi.ResourceOptions(import_='i'))", "Thing 'a' is imported"),
        ("Thing('a', pulumi.ResourceOptions(id='i'))", "Thing 'a' is read by id"),
        ("Thing('a')\nThing('a')", "Thing 'a' is declared twice"),
        ("Thing('a', region='nowhere')", "Thing 'a': 'nowhere' is no AWS region"),
        ("Thing('a', colour='red')", "Thing 'a': its entry takes no input 'colour'"),
        ("pulumi.runtime.invoke('aws:x/y:z', {})", "aws:x/y:z: this function has no entry"),
        ("pulumi.runtime.invoke('aws:index/getRegion:getRegion', {'x': 1})", "getRegion: its entry .* takes no 'x'"),
    ],
)
def test_what_this_way_does_not_know_is_an_error_that_names_it(run, world, body, said):
    with pytest.raises(LocalCloudError, match=said):
        run.up(body)
    assert world.made("create") in ([], ["a"])


def test_an_error_in_a_callback_is_the_runs_error(run):
    with pytest.raises(ZeroDivisionError):
        run.up("a = Thing('a')\na.arn.apply(lambda _: 1 / 0)\n")


@pytest.mark.parametrize(
    "body",
    [
        "raise SettingError('a wrong value')",
        "def refuse(_):\n    raise SettingError('a wrong value')\nThing('b', text=Thing('a').arn.apply(refuse))",
    ],
)
def test_the_programs_own_sentence_arrives_whole(run, body):
    with pytest.raises(SettingError, match=r"^a wrong value$"):
        run.up(f"from lib.common.errors import SettingError\n{body}\n")


def test_a_program_that_ends_itself_is_no_success(run):
    with pytest.raises(SystemExit, match="tap: no"):
        run.up("import sys\nsys.exit('tap: no')\n")


def test_what_the_api_refuses_is_told_in_its_words(run, world):
    world.refuse["create a"] = ["LimitExceeded"]
    with pytest.raises(LocalCloudError, match=r"Thing 'a': .*LimitExceeded"):
        run.up("Thing('a')\n")


def test_what_the_emulator_cannot_do_is_kept_with_the_thing(run, world):
    run.up(
        "Thing('a', gold=1, note='x', text='t', password='p')\nThing('b', text='', password='')\n"
        "n = pulumi.CustomResource('aws:tap/nothing:Nothing', 'n', {})\npulumi.export('id', n.id)\n"
    )
    told = {record.title: [tuple(line) for line in record.differs] for record in run.state().records.values()}
    assert told == {
        "a": [
            ("Thing: gold left out", "there is none"),
            ("Thing: text not kept", "lost by its things"),
            ("a password in clear", "it has no other"),
        ],
        "b": [],
        "n": [("Nothing left out", "there is none")],
    }
    assert "n" not in world.things
    run.down()
    assert (world.things, world.made("delete")) == ({}, ["a", "b"] if world.made("delete")[0] == "a" else ["b", "a"])


def test_the_program_knows_its_stack_and_its_arguments_are_its_own(run):
    exports = run.up(
        "import sys\npulumi.export('is', [pulumi.get_stack(), pulumi.get_project(), len(sys.argv), __name__])\n"
    ).exports
    assert exports == {"is": ["stack", "tap", 1, "__main__"]}


def test_the_state_is_for_its_owner_alone(run):
    run.up("Thing('a')\n")
    assert run.path.stat().st_mode & 0o777 == 0o600
    assert json.loads(run.path.read_text())["exports"] == {}
