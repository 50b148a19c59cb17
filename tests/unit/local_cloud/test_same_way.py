"""A deployment takes the same way on every machine: it asks no registry, and what a machine has changes nothing.

A proxy that writes down who asks for it stands between the commands and the network, and every command that could go
another way lies on the PATH and would be noticed.
"""

import os
import socketserver
import sys
import threading

import pytest

from lib.common import region
from lib.local_cloud import programs
from lib.local_cloud.cdktf import app, terraform_fetch, terraform_packages
from lib.local_cloud.cdktf import deployer as cdktf_deployer
from lib.local_cloud.cdktf.deployer import Deployer
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi import deployer as pulumi_deployer
from lib.local_cloud.pulumi.in_process import run

COMMANDS = ("pulumi", "cdktf", "npm", "npx", "terraform", "curl")
STACK = "stack-dev"


@pytest.fixture(scope="module", autouse=True)
def packages():
    """Terraform's packages are here, as after the first deployment."""
    terraform_packages.install(lambda _text: None)


@pytest.fixture
def asked(monkeypatch):
    """Stand between every command and the network; return what was asked for."""
    found = []

    class Refusing(socketserver.StreamRequestHandler):
        def handle(self):
            found.append(self.rfile.readline().decode().strip())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_address[1]}")
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    for variable in ("LOCAL_CLOUD_TERRAFORM", "LOCAL_CLOUD_CDKTF"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "cloud").mkdir()
    return LocalCloud(tmp_path / "cloud", 4999, region.primary({}))


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Put every command of another way on the PATH, and a Pulumi plug-in in the home folder; return who was called."""
    folder, calls = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    calls.touch()
    for name in COMMANDS:
        path = folder / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {calls}\n')
        path.chmod(0o755)
    (tmp_path / "home" / ".pulumi" / "plugins").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.defpath}")
    return calls


def configure(deployer):
    """Write the least configuration that needs the AWS provider where the deployer's own would lie."""
    place = deployer._output / "stacks" / STACK
    place.mkdir(parents=True)
    required = f'aws = {{ source = "hashicorp/aws", version = "{terraform_fetch.PROVIDER}" }}'
    (place / "main.tf").write_text(f"terraform {{\n  required_providers {{\n    {required}\n  }}\n}}\n")


def test_terraform_gets_its_provider_without_asking_a_registry(cloud, asked, commands):
    deployer = Deployer(cloud, STACK)
    configure(deployer)
    way = terraform_fetch.deploy_mode(cloud, cdktf_deployer.PINNED, lambda _text: None)
    lines = deployer._terraform(
        ["init", "-input=false"], deployer._environment(way, lambda _text: None), lambda _text: None
    )
    assert any(f"Installed hashicorp/aws v{terraform_fetch.PROVIDER}" in line for line in lines)
    assert (asked, commands.read_text()) == ([], "")


def test_the_registry_is_asked_by_whoever_demands_it(cloud, asked, tmp_path):
    environ = {terraform_fetch.VARIABLE: terraform_fetch.REGISTRY}
    with pytest.raises(LocalCloudError, match="it cannot be fetched"):
        terraform_fetch.deploy_mode(cloud, cdktf_deployer.PINNED, lambda _text: None, environ, tmp_path / "tools")
    assert any(line.startswith("CONNECT registry.terraform.io:443") for line in asked)


def deployments(cloud, monkeypatch):
    """Deploy with both tools, their processes left out; return what would have run, and how it is said."""
    ran = []

    def terraform(command, _report):
        ran.append([os.path.basename(word) for word in command.words[:3]])
        return []

    def pulumi(_cloud, _stack, arguments, _environ, _report):
        ran.append(list(arguments))
        return ["changed"]

    deployer = Deployer(cloud, STACK)
    deployer._begin()
    deployer._output.mkdir()
    (deployer._output / app.REPORT).write_text("[]")
    monkeypatch.setattr(cdktf_deployer, "run", terraform)
    monkeypatch.setattr(run, "run", pulumi)
    _changed, _steps, way = deployer.deploy(lambda _text: None)
    return ran, way.sentence, pulumi_deployer.deploy(cloud, STACK, {}, lambda _text: None).way


WAY = (
    [
        [os.path.basename(sys.executable), "-m", "lib.local_cloud.cdktf.app"],
        ["terraform", "init", "-no-color"],
        ["terraform", "apply", "-no-color"],
        [programs.PULUMI_APPLY, STACK],
    ],
    "synthesised, then terraform apply, with AWS provider 3.39.0 instead of 6.25.0, as on every Linux x86-64",
    "in-process, without the Pulumi CLI, as on every machine",
)


def test_a_machine_with_everything_and_a_network_takes_the_way(cloud, monkeypatch, asked, commands):
    assert deployments(cloud, monkeypatch) == WAY
    assert (asked, commands.read_text()) == ([], "")


def test_a_bare_machine_takes_the_same_way(cloud, monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("HOME", str(cloud.folder))
    assert deployments(cloud, monkeypatch) == WAY
