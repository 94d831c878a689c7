WRONG = {
    "frozen": [
        ("frozen = load_language_model()", "gives back two things"),
        ("frozen, _ = load_language_model()", "More than the last block learns"),
        ("frozen, _ = load_language_model()\ntl.freeze(frozen)", "'blocks.5', is frozen too"),
        ('frozen, _ = load_language_model()\ntl.freeze(frozen, "head")', "The head is frozen too"),
    ],
    "size": [
        ("def adapter_size(inputs, outputs, r): return inputs * outputs", "the size of W itself"),
        ("def adapter_size(inputs, outputs, r): return r * inputs * outputs", "adapter_size"),
        ("def adapter_size(inputs, outputs, r): return r * outputs + 0 * inputs", "adapter_size"),
        ("adapter_size = 1536", "is to be a function"),
        ("def adapter_size(inputs, outputs, r): r * (inputs + outputs)", "gives back nothing"),
    ],
    "adapted": [
        ("adapted = add_lora(load_language_model()[0], r=4)", "is to be the model"),
        ("adapted, _ = load_language_model()", "no adapters in it yet"),
        ("adapted, _ = load_language_model()\nadd_lora(adapted, r=4, modules_to_save=[])", "layers have one"),
        ('adapted, _ = load_language_model()\nadd_lora(adapted, r=8, target_modules="all-linear")', "The rank is 8"),
        ('adapted, _ = load_language_model()\nadd_lora(adapted, r=4, target_modules="all-linear")', "trained whole"),
    ],
    "perplexity": [
        ("def perplexity(loss): return 2**loss", "in nats"),
        ("def perplexity(loss): return loss", "perplexity"),
        ("def perplexity(loss): loss", "gives back nothing"),
        ("perplexity = 40", "is to be a function"),
    ],
}
