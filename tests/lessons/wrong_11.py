WRONG = {
    "mine": [
        ("mine = tl.folder(FOLDER)", "should be a Splits"),
        ("mine = FOLDER", "should be a Splits"),
    ],
    "train": [
        ("my_model = tl.load('bundled')\nmy_run = 'trained'", "should be a Run"),
        (
            "my_model = tl.load('bundled', num_classes=8, pretrained=False)\nmy_run = tl.train(my_model, mine, tl.from_scratch(epochs=1), progress=False)",
            "random weights",
        ),
        (
            "other = tl.load('bundled', num_classes=8)\nmy_run = tl.train(other, mine, tl.feature_extraction(epochs=9), progress=False)\nmy_model = tl.load('bundled', num_classes=5)",
            "5 outputs",
        ),
    ],
    "export": [
        ("path = 'model.pth'", "no .safetensors"),
        ("path = 'nowhere.safetensors'", "There is no file"),
        (
            "path = tl.save(tl.load('bundled', num_classes=8), 'fresh.safetensors', class_names=mine.train.class_names)",
            "other answers",
        ),
        ("path = my_model", "path of a file"),
    ],
}
