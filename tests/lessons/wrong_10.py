WRONG = {
    "cause": [
        ("cause = doctor(second, data).causes", "one name of the museum"),
        ("cause = 'eval_forgotten'", "When was the optimizer made"),
        ("cause = 'the optimizer'", "one name of the museum"),
    ],
    "thaw": [
        ("thaw = broken_thaw", "still does not know layer4"),
        (
            "def thaw(model):\n    tl.freeze(model); tl.unfreeze(model, 'layer4')\n    return torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)",
            "asked for is 0.0001",
        ),
        ("def thaw(model): broken_thaw(model)", "gives back nothing"),
        (
            "def thaw(model):\n    return torch.optim.AdamW([{'params': model.fc.parameters(), 'lr': 1e-3}, {'params': model.layer4.parameters(), 'lr': 1e-4}])",
            "still trains",
        ),
    ],
    "healthy": [
        ("report = doctor(second, data)", "unfrozen_too_late"),
        ("report = 'healthy'", "should be a Report"),
    ],
}
