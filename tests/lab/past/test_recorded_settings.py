from types import SimpleNamespace

import pytest

from transferlab.lab.data.data_choice import FolderData, WorldData
from transferlab.lab.past.recorded_settings import RecordedData, check_name, settings_from_plain, settings_to_plain
from transferlab.lab.settings import Settings

RUN = SimpleNamespace(data="objects")


def test_settings_come_back():
    settings = Settings(
        data=WorldData("objects", per_class=7), recipe="mine", line="fc", stage_lrs={"fc": 1e-3}, keep="LwF"
    )
    assert settings_from_plain(settings_to_plain(settings, RUN)) == settings


def test_a_folder_of_another_machine_is_not_read():
    choice = settings_from_plain(settings_to_plain(Settings(data=FolderData("/somewhere")), RUN)).data
    assert choice == RecordedData("objects", FolderData("/somewhere").code())
    again = settings_from_plain(settings_to_plain(Settings(data=choice), RUN)).data
    assert again == choice  # recorded once more, and no deeper in comments


@pytest.mark.parametrize("name", ["layer4", "features.0", "torchvision/resnet50", "cuda:0", "blocks 1-3"])
def test_names(name):
    check_name(name)


@pytest.mark.parametrize("name", ['fc")', "a\nb", "", 3, "x" * 200, "f'"])
def test_what_is_no_name(name):
    with pytest.raises(ValueError, match="a name that is none"):
        check_name(name)


def test_a_choice_that_says_other_code_than_it_did_is_not_made_again():
    plain = settings_to_plain(Settings(data=WorldData("objects")), RUN)
    plain["data"]["code"] = "data = tl.worlds.target('tissue')"
    assert isinstance(settings_from_plain(plain).data, RecordedData)
