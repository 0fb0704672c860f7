"""Releases that go wrong beside each other though their metadata allows it: what is installed shows them, or what they say when they meet.

Read off their code, release by release. A pair without releases is known by its words alone: since when is not certain, so that no
machine is judged by it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from doctor.release import before, since
from doctor.text import Text

EITHER = Text("one of the two is too old or too new for the other", "两者之一对另一个来说太旧或太新")
ANY = "9999"  # no release of it goes with the other


class Pair(msgspec.Struct, frozen=True):
    """`package` asks `other` for `what`, which is not there. `says`: regular expressions of what programs print then."""

    package: str
    other: str
    what: str
    says: tuple[str, ...]
    below: str = ""  # too old: package before this release, beside other since `floor`
    floor: str = ""
    since: str = ""  # too new: package since this release, beside other before `under`
    under: str = ""
    way: tuple[str, ...] = ()  # what to hand to pip install, where upgrading one of the two is not it

    @property
    def upgraded(self) -> str:
        """The one of the two that is too old."""
        return self.other if self.since or self.under else self.package

    @property
    def instead(self) -> str:
        """What to install from before, where that one cannot be upgraded; "" where the release is not known."""
        if self.floor:
            return f"{self.other}<{self.floor}"
        return f"{self.package}<{self.since}" if self.since else ""

    @property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """The words for pip install, the best way first."""
        upgrade = self.way or (() if " " in self.upgraded else ("--upgrade", self.upgraded))
        before = () if self.way or not self.instead else (self.instead,)
        return tuple(words for words in (upgrade, before) if words)


def met(pair: Pair, installed: Mapping[str, str]) -> bool:
    """Whether these releases of the two are installed."""
    if pair.package not in installed or pair.other not in installed:
        return False
    own, other = installed[pair.package], installed[pair.other]
    if pair.below:
        return before(own, pair.below) and since(other, pair.floor)
    return bool(pair.since) and since(own, pair.since) and before(other, pair.under)


DESCRIPTORS = "descriptors as code generated before protobuf 3.19 makes them"
SAYS_DESCRIPTORS = (
    r"Descriptors cannot (?:not )?be created directly",
    r"If this call came from a _pb2\.py file, your generated code is out of date",
)
PROXIES = (r"__init__\(\) got an unexpected keyword argument 'proxies'",)
SIX = (r"No module named 'torch\._six'",)

PAIRS = (
    Pair("jinja2", "markupsafe", "soft_unicode", (r"cannot import name 'soft_unicode' from 'markupsafe'",), "3.0", "2.1"),
    Pair("datasets", "pyarrow", "PyExtensionType", (r"has no attribute 'PyExtensionType'",), "2.14.5", "21"),
    Pair("datasets", "dill", "dill._dill.stack", (r"module 'dill\._dill' has no attribute '(?:stack|log|PY3)'",), "2.2.2", "0.3.5"),
    Pair(
        "datasets", "fsspec", "LocalFileSystem.protocol == 'file' (and glob('**'))",
        (r"Loading a dataset cached in a LocalFileSystem is not supported",), "2.14.5", "2023.10",
    ),
    Pair("datasets", "fsspec", "glob('**')", (r"Invalid pattern: '\*\*' can only be an entire path component",), "2.14.5", "2023.9"),
    Pair(
        "transformers", "accelerate", "Accelerator(dispatch_batches=...)",
        (r"__init__\(\) got an unexpected keyword argument '(?:dispatch_batches|split_batches|even_batches|use_seedable_sampler|logging_dir)'",),
        "4.40", "1.0",
    ),
    Pair("trl", "transformers", "Trainer(tokenizer=...)", (r"Trainer\.__init__\(\) got an unexpected keyword argument 'tokenizer'",), "0.12", "5"),
    Pair("bitsandbytes", "triton", "triton.ops", (r"No module named 'triton\.ops[\w.]*'",), "0.45.1", "3.2"),
    Pair(
        "basicsr", "torchvision", "torchvision.transforms.functional_tensor",
        (r"No module named 'torchvision\.transforms\.functional_tensor'",), ANY, "0.17",
    ),
    Pair("gensim", "scipy", "scipy.linalg.triu", (r"cannot import name 'triu' from 'scipy\.linalg",), "4.3.3", "1.13"),
    Pair("pytorch-lightning", "torch", "torch._six", SIX, "2.0", "2.0"),
    Pair("timm", "torch", "torch._six", SIX, "0.5", "2.0"),
    Pair("flask", "werkzeug", "url_quote", (r"cannot import name 'url_quote' from 'werkzeug",), "2.3", "3.0"),
    Pair("tensorboard", "protobuf", DESCRIPTORS, SAYS_DESCRIPTORS, "2.12", "4"),
    Pair("onnx", "protobuf", DESCRIPTORS, SAYS_DESCRIPTORS, "1.13", "4"),
    Pair("tensorflow", "protobuf", DESCRIPTORS, SAYS_DESCRIPTORS, way=("protobuf<3.21",)),
    Pair("openai", "httpx", "httpx.Client(proxies=...)", PROXIES, "1.55.3", "0.28"),
    Pair("anthropic", "httpx", "httpx.Client(proxies=...)", PROXIES, "0.40", "0.28"),
    Pair("groq", "httpx", "httpx.Client(proxies=...)", PROXIES, "0.13", "0.28"),
    Pair(
        "langchain", "openai", "openai.error, openai.ChatCompletion",
        (r"module 'openai' has no attribute '(?:error|ChatCompletion|Completion|Embedding)'", r"No module named 'openai\.error'"),
        "0.0.331", "1.0",
    ),
    Pair(
        "gradio-client", "pydantic", "schemas without additionalProperties: true",
        (r"argument of type 'bool' is not iterable",), "1.8", "2.11",
    ),
    Pair("seaborn", "matplotlib", "matplotlib.cm.register_cmap", (r"module 'matplotlib\.cm' has no attribute '(?:register_cmap|get_cmap)'",), "0.12", "3.9"),
    Pair("seaborn", "pandas", "the option mode.use_inf_as_null", (r"No such option: 'mode\.use_inf_as_null'",), "0.12", "2.0"),
    Pair("seaborn", "pandas", "the option mode.use_inf_as_na", (r"No such option: 'mode\.use_inf_as_na'",), "0.13", "3"),
    Pair("easyocr", "pillow", "Image.ANTIALIAS", (r"module 'PIL\.Image' has no attribute '(?:ANTIALIAS|LINEAR)'",), "1.7.1", "10"),
    Pair("requests-toolbelt", "urllib3", "urllib3.contrib.appengine", (r"cannot import name 'appengine' from '[\w.]*urllib3\.contrib'",), "1.0", "2"),
    Pair(
        "pyopenssl", "cryptography", "OpenSSL_add_all_algorithms, X509_V_FLAG_NOTIFY_POLICY",
        (r"module 'lib' has no attribute '(?:OpenSSL_add_all_algorithms|X509_V_FLAG_\w+|GEN_EMAIL)'",), "22.1", "39",
    ),
    Pair("black", "click", "click._unicodefun", (r"cannot import name '_unicodefun' from 'click'",), "22.3", "8.1"),
    Pair("streamlit", "altair", "altair.vegalite.v4", (r"No module named 'altair\.vegalite\.v4'",), "1.22", "5"),
    Pair(
        "transformers", "accelerate", "Accelerator.unwrap_model(keep_torch_compile=...)",
        (r"unwrap_model\(\) got an unexpected keyword argument 'keep_torch_compile'",), since="4.52", under="1.3",
    ),
    # Known by their words alone.
    Pair("the generated code", "protobuf", "google.protobuf.internal.builder", (r"cannot import name 'builder' from 'google\.protobuf",), under="3.20"),
    Pair("the generated code", "protobuf", "google.protobuf.runtime_version", (r"cannot import name 'runtime_version' from 'google\.protobuf", r"Detected incompatible Protobuf Gencode/Runtime versions"), under="5.26"),
    Pair("tensorboard", "protobuf", "MessageFactory.GetPrototype", (r"'MessageFactory' object has no attribute 'GetPrototype'",), way=("protobuf<5",)),
    Pair("a package", "numpy", "what NumPy 2.0 removed", (r"was removed in the NumPy 2\.0 release",), way=("numpy<2",)),
    Pair("datasets", "the dataset", "features of type List", (r"Feature type 'List' not found", r"must be called with a dataclass type or instance", r"generate_from_dict[\s\S]{0,300}missing 1 required positional argument: 'dtype'")),
    Pair("datasets", "the dataset", "a list of the repository's files (hf://)", (r"Unable to find 'hf://datasets/",), way=("--upgrade", "datasets", "huggingface_hub", "fsspec")),
    Pair("nltk", "nltk_data", "punkt, which punkt_tab replaced", (r"punkt/PY3_tab",), way=("--upgrade", "nltk")),
    Pair("transformers", "huggingface_hub", "names of a later release", (r"cannot import name '(?:split_torch_state_dict_into_shards|is_offline_mode|DDUFEntry)' from 'huggingface_hub'",), under="later"),
    Pair("gradio", "fastapi", "requests as types of pydantic", (r"Unable to generate pydantic-core schema for <class 'starlette\.requests\.Request'>",), way=("--upgrade", "gradio", "fastapi")),
    Pair("gradio", "starlette", "templates named first", (r"TemplateResponse[\s\S]{0,600}unhashable type: 'dict'", r"unhashable type: 'dict'[\s\S]{0,600}(?:TemplateResponse|starlette|jinja2)"), way=("--upgrade", "gradio")),
    Pair("a package for pydantic 1", "pydantic", "what pydantic 2 moved or renamed", (
        r"`BaseSettings` has been moved to the `pydantic-settings` package", r"A non-annotated attribute was detected", r"If you use `@root_validator` with pre=False",
        r"`const` is removed, use `Literal` instead", r"`regex` is removed\. use `pattern` instead", r"cannot import name 'ModelMetaclass' from 'pydantic",
        r"pydantic\.error_wrappers[\s\S]{0,200}moved", r"Please use `typing_extensions\.TypedDict` instead of `typing\.TypedDict`",
        r"metaclass conflict: the metaclass of a derived class must be a \(non-strict\) subclass",
    ), way=("pydantic<2",)),
    Pair("a package for pydantic 2", "pydantic", "what pydantic has since 2", (r"cannot import name '(?:field_validator|model_validator|ConfigDict|TypeAdapter|RootModel|computed_field|AliasChoices|BeforeValidator|field_serializer|model_serializer|WithJsonSchema|GetCoreSchemaHandler|with_config|Secret|SkipValidation)' from 'pydantic", r"no validator found for <class '(?:\w+\.)+\w+'>, see `arbitrary_types_allowed`"), under="2"),
    Pair("pydantic 1 (spacy, thinc)", "typing_extensions", "typing names as classes", (r"issubclass\(\) arg 1 must be a class",), way=("--upgrade", "pydantic", "typing_extensions")),
    Pair("fastapi", "pydantic", "pydantic.Schema", (r"cannot import name 'Schema' from 'pydantic'",), way=("--upgrade", "fastapi")),
    Pair("trl", "transformers", "Trainer(processing_class=...)", (r"Trainer\.__init__\(\) got an unexpected keyword argument 'processing_class'",), under="4.46"),
    Pair("jax-cuda-plugin", "jaxlib", "a jaxlib of its own release", (r"Mismatched PJRT plugin PJRT API version", r"JAX plugin jax_cuda\d+_plugin version \S+ is installed, but it is not compatible with the installed jaxlib", r"No FFI handler registered for cu"), way=("--upgrade", "jax[cuda12]")),
    Pair("the generated code", "protobuf", "google.protobuf.descriptor._internal_create_key", (r"has no attribute '_internal_create_key'",), under="3.12"),
    Pair("pydantic", "pydantic-core", "a pydantic-core of its own release", (r"cannot import name '\w+' from 'pydantic_core",), way=("--force-reinstall", "pydantic")),
    Pair("a package for pydantic 1 (deepspeed, transformers of 2023)", "pydantic", "FieldInfo.required", (r"'FieldInfo' object has no attribute '(?:required|type_|outer_type_)'",), way=("pydantic<2",)),
    Pair("the program", "huggingface_hub", "PyTorchModelHubMixin with arguments of the class", (r"\w+\.__init_subclass__\(\) takes no keyword arguments",), under="0.22"),
    Pair("transformers", "accelerate", "optimizer.train()", (r"'(?:AdamW|\w*Optimizer\w*)' object has no attribute 'train'",), way=("--upgrade", "transformers", "accelerate")),
    Pair("deepspeed, datasets", "packaging", "Version.major", (r"'Version' object has no attribute '(?:major|minor|micro)'",), way=("--upgrade", "packaging")),
    Pair("vllm", "xgrammar", "TokenizerInfo as its release has it", (r"'TokenizerInfo' has no attribute 'from_huggingface'",), way=("--upgrade", "vllm")),
    Pair("the program", "gradio", "what gradio 4 removed", (r"'(?:Chatbot|Textbox|Button|Gallery|Image|Row|Column|Audio|Dropdown)' object has no attribute 'style'", r"type object '\w+' has no attribute 'update'", r"queue\(\) got an unexpected keyword argument '(?:concurrency_count|status_update_rate)'", r"module 'gradio' has no attribute '(?:inputs|outputs|Box)'"), way=("gradio<4",)),
    Pair("numba", "numpy", "an older numpy", (r"Numba needs NumPy [\d.]+ or (?:less|greater)",), way=("--upgrade", "numba")),
    Pair("torch", "triton", "parts of another triton", (r"cannot import name '(?:AttrsDescriptor|triton_key)' from 'triton", r"No module named 'triton\.(?:runtime\.jit|compiler\.compiler|backends\.compiler)'"), way=("--force-reinstall", "torch")),
    Pair("deepspeed", "torch", "torch.distributed.elastic.agent.server.api.log", (r"cannot import name 'log' from 'torch\.distributed\.elastic",)),
    Pair("vllm", "transformers", "a model type that transformers now has itself", (r"'\w+' is already used by a Transformers config, pick another name",)),
    Pair("vllm", "transformers", "tokenizers as transformers 4 has them", (r"has no attribute '?all_special_tokens_extended",), way=("transformers<5",)),
    Pair("the program", "llama-index", "names of before 0.10", (r"cannot import name '(?:ServiceContext|GPT\w+Index|SimpleDirectoryReader|VectorStoreIndex|LLMPredictor|PromptHelper|StorageContext)' from 'llama_index'",), way=("llama-index<0.10",)),
    Pair("the program", "moviepy", "moviepy.editor", (r"No module named 'moviepy\.editor'",), way=("moviepy<2",)),
    Pair("the program", "pandas", "what pandas 2 removed", (r"'(?:DataFrame|Series)' object has no attribute '(?:append|iteritems|mad|lookup|ix|as_matrix|get_value)'", r"read_csv\(\) got an unexpected keyword argument '(?:error_bad_lines|warn_bad_lines|squeeze|mangle_dupe_cols)'", r"cannot import name 'Int64Index' from 'pandas'", r"module 'pandas' has no attribute '(?:Panel|Int64Index|Float64Index|datetime)'"), way=("pandas<2",)),
    Pair("the program", "pillow", "what Pillow 10 removed", (r"'(?:FreeTypeFont|ImageFont|ImageDraw)' object has no attribute '(?:getsize|textsize|getoffset|getsize_multiline)'",), way=("pillow<10",)),
    Pair("torchvision", "pillow", "PILLOW_VERSION", (r"cannot import name 'PILLOW_VERSION' from 'PIL'",)),
    Pair("the program", "scipy", "what SciPy removed", (r"cannot import name '(?:imread|imresize|imsave|imrotate|interp2d|simps|trapz|cumtrapz|hann|hamming|comb|logsumexp|bytescale)' from 'scipy", r"module 'scipy(?:\.\w+)*' has no attribute '(?:imread|imresize|interp|randn|hann|simps|trapz|sqrt|array|misc|fft)'", r"No module named 'scipy\.(?:misc|ndimage\.filters|stats\.stats)'")),
    Pair("the program", "scikit-learn", "parts that scikit-learn moved", (r"No module named 'sklearn\.(?:externals|cross_validation|grid_search|utils\.testing|datasets\.samples_generator|linear_model\.\w+|ensemble\.forest|preprocessing\.\w+)'", r"cannot import name '(?:load_boston|plot_confusion_matrix|if_delegate_has_method|_safe_indexing|Imputer|safe_indexing)' from 'sklearn")),
    Pair("flask", "jinja2", "jinja2.escape, jinja2.Markup", (r"cannot import name '(?:escape|Markup)' from 'jinja2'",)),
    Pair("a package of Flask", "werkzeug", "what Werkzeug 3 removed", (r"cannot import name '(?:safe_str_cmp|url_decode|url_encode|url_parse|parse_options_header|Href|url_unquote)' from 'werkzeug", r"module 'werkzeug' has no attribute '__version__'"), way=("werkzeug<3",)),
    Pair("a package of Flask", "flask", "what Flask 2.3 removed", (r"cannot import name '(?:_request_ctx_stack|_app_ctx_stack|Markup|escape|JSONEncoder)' from 'flask", r"'Flask' object has no attribute '(?:before_first_request|json_encoder|session_cookie_name)'", r"module 'flask\.json' has no attribute 'JSONEncoder'"), way=("flask<2.3",)),
    Pair("a package", "importlib-metadata", "EntryPoints.get()", (r"'EntryPoints' object has no attribute 'get'",), way=("importlib-metadata<5",)),
    Pair("an old setup.py", "setuptools", "what later releases removed", (r"use_2to3 is invalid", r"error in \w+ setup command: 'extras_require' must be a dictionary", r"cannot import name 'packaging' from 'pkg_resources'", r"module 'distutils' has no attribute 'version'", r"AttributeError: install_layout", r"cannot import name '(?:Feature|convert_path|tarfile)' from 'setuptools"), way=("setuptools<58",)),
    Pair("a package", "urllib3", "what urllib3 2 removed", (r"cannot import name '(?:DEFAULT_CIPHERS|gaecontrib|PROTOCOL_SSLv3)' from 'urllib3", r"'HTTPResponse' object has no attribute 'strict'", r"No module named 'urllib3\.packages\.six", r"unexpected keyword argument 'method_whitelist'", r"urllib3 v2(?:\.0)? only supports OpenSSL 1\.1\.1"), way=("urllib3<2",)),
    Pair("a package", "packaging", "versions that follow no rule", (r"cannot import name 'LegacyVersion' from 'packaging", r"packaging\.version\.InvalidVersion: Invalid version: '\S+'"), way=("packaging<22",)),
    Pair("typer", "click", "click before 8.2", (r"make_metavar\(\) missing 1 required positional argument: 'ctx'", r"Secondary flag is not valid for non-boolean flag")),
    Pair("nbconvert", "mistune", "mistune.BlockGrammar", (r"module 'mistune' has no attribute '(?:BlockGrammar|Renderer|Markdown)'", r"cannot import name '(?:BlockGrammar|Renderer)' from 'mistune'")),
    Pair("a package", "matplotlib", "what matplotlib removed", (r"cannot import name 'docstring' from 'matplotlib'", r"module 'matplotlib\.cbook' has no attribute '(?:mplDeprecation|iterable|is_string_like)'", r"'FigureCanvasAgg' object has no attribute 'tostring_rgb'", r"'FigureCanvas\w*' object has no attribute '(?:set_window_title|tostring_rgb)'"), way=("matplotlib<3.8",)),
    Pair("jax", "jaxlib", "a jaxlib of its own release", (r"jaxlib version \S+ is (?:older|newer) than and incompatible with jax version", r"module 'jaxlib\.\w+' has no attribute", r"cannot import name '\w+' from 'jaxlib"), way=("--upgrade", "jax", "jaxlib")),
    Pair("flax and others", "jax", "names of another jax", (r"module 'jax(?:\.\w+)*' has no attribute '\w+'", r"cannot import name '\w+' from 'jax(?:\.\w+)*'"), way=("--upgrade", "flax", "jax", "jaxlib")),
    Pair("the program", "pytorch-lightning", "arguments of Lightning 1", (r"Trainer\.__init__\(\) got an unexpected keyword argument '(?:gpus|tpu_cores|progress_bar_refresh_rate|weights_summary|checkpoint_callback|flush_logs_every_n_steps|distributed_backend|resume_from_checkpoint)'", r"has no attribute 'add_argparse_args'"), way=("pytorch-lightning<2",)),
    Pair("the program", "tensorflow", "what TensorFlow 2 removed", (r"module 'tensorflow' has no attribute '(?:Session|placeholder|ConfigProto|contrib|get_default_graph|app|flags|GraphDef|gfile|InteractiveSession|set_random_seed|variable_scope|reset_default_graph)'", r"No module named 'tensorflow\.(?:contrib|examples)")),
    Pair("the program", "torch", "functions that torch removed", (r"module 'torch' has no attribute '(?:gels|rfft|irfft|lstsq|symeig|solve|matrix_rank|eig)'",)),
    Pair("a package", "huggingface_hub", "arguments of another release", (r"hf_hub_download\(\) got an unexpected keyword argument '\w+'", r"snapshot_download\(\) got an unexpected keyword argument '\w+'", r"hf_raise_for_status\(\) got an unexpected"), way=("--upgrade", "huggingface_hub")),
    Pair("a package", "typing_extensions", "a later typing_extensions", (r"cannot import name '\w+' from 'typing_extensions'",), under="later"),
    Pair("a package", "charset-normalizer", "a whole charset-normalizer", (r"module 'charset_normalizer' has no attribute 'md__mypyc'", r"partially initialized module 'charset_normalizer'"), way=("--force-reinstall", "charset-normalizer")),
    Pair("torch's datapipes", "torchdata", "torchdata.datapipes", (r"No module named 'torchdata\.datapipes'",), way=("torchdata<0.10",)),
    Pair("the program", "gym", "gym 0.25 and earlier", (r"too many values to unpack \(expected 4\)[\s\S]{0,200}gym|gym[\s\S]{0,400}too many values to unpack \(expected 4\)",)),
    Pair("the program", "transformers", "names that transformers 4 or 5 removed", (r"cannot import name '(?:AdamW|SampleDecoderOnlyOutput|GreedySearchOutput|top_k_top_p_filtering|BertLayerNorm|AutoModelWithLMHead|AutoModelForVision2Seq|TFPreTrainedModel)' from 'transformers",)),
    Pair("h5py", "hdf5", "the HDF5 that it was built with", (r"Headers are [\d.]+, library is [\d.]+",), way=("--force-reinstall", "--no-cache-dir", "h5py")),
    Pair("mmcv without compiled parts", "mmcv-full", "mmcv._ext", (r"No module named 'mmcv\._ext'",), way=("mmcv-full",)),
    Pair("jaxlib or tensorflow", "cuDNN", "the cuDNN that it was compiled with, or a later one of the same number", (r"Loaded runtime CuDNN library: \S+ but source was compiled with",), way=("--upgrade", "nvidia-cudnn-cu12", "jax[cuda12]")),
    Pair("the command pip", "pip", "pip._internal of its own release", (r"No module named '?(?:pip\.)?_internal",), way=("--force-reinstall", "pip")),
    Pair("a dependency", "sklearn", "a package that only says no: scikit-learn is meant", (r"use 'pip install scikit-learn' rather than 'pip install sklearn'", r"The 'sklearn' PyPI package is deprecated"), way=("scikit-learn",)),
)  # fmt: skip
