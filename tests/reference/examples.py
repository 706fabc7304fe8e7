"""A worked example of each public name; what stands behind ``# ->`` is what the line gives.

Each begins with ``sd`` imported and ``fox``, a result of one picture, at hand.
"""

from __future__ import annotations

FUNCTIONS = {
    "generate": """
fox = sd.generate("a red fox in snow", image_size="1:1 1K", seed=7)
fox.image.size  # -> (1024, 1024)
""",
    "edit": """
night = sd.edit(fox, "the same fox at night")
night.image.size == fox.image.size  # -> True
sd.edit(fox.image, "image 1 as an etching", image_size="4:3 1K").image.size  # -> (1152, 864)
""",
    "submit": """
job = sd.submit("an owl", image_size="1:1 1K")  # returns at once
owl = job.result(60)
job.done  # -> True
""",
    "gather": """
import asyncio

jobs = [sd.submit("an owl", image_size="1:1 1K"), sd.submit("an owl offline:refuse")]
outcomes = asyncio.run(sd.gather(jobs))  # in a notebook: await sd.gather(jobs)
[type(each).__name__ for each in outcomes]  # -> ['Result', 'ContentRejectedError']
""",
    "batch": """
foxes = sd.batch(prompt="a {red|white} fox", image_size="1:1 1K", seed=[1, 2], name="foxes")
len(foxes)  # -> 4
len(foxes.run(progress=False))  # -> 4
""",
    "series": """
request = sd.series("a fox through the four seasons", 4)
request.max_images  # -> 4
""",
    "estimate": """
str(sd.estimate("a fox", num_images=4).high)  # -> '0.12'
""",
    "budget": """
sd.budget(5)  # for this session
sd.budget(20, per="month")  # kept in the library, for all kernels
sd.budget(per="month")  # -> Decimal('20.00')
sd.budget(None)  # no limit
""",
    "spending": """
len(sd.spending())  # -> 0
sd.spending(since="2026-11-01", by="model")
""",
    "jobs": """
job = sd.submit("an owl", image_size="1:1 1K")
sd.jobs()[0] is job  # -> True
""",
    "resume": """
sd.resume()  # -> ()
""",
    "show": """
sd.show([fox, fox.image], columns=2, captions=["the result", "its image"])  # the cell's last line
""",
    "compare": """
night = sd.edit(fox, "the same fox at night")
compared = sd.compare(fox, night)  # a cell's last line shows the widget
compared.difference().changed > 0.5  # -> True
""",
    "contact_sheet": """
sheet = sd.contact_sheet([fox, fox], columns=2)
sheet.mode  # -> 'RGB'
""",
    "gallery": """
gallery = sd.gallery()  # as a cell's last line: the library's pictures
gallery.selection  # -> ()
""",
    "to_pandas": """
table = sd.to_pandas([fox, fox])  # one row per image
table["width"].tolist()  # -> [1024, 1024]
""",
    "verify_seed": """
check = sd.verify_seed(fox)  # asks again, at full price
check.same  # -> True
""",
    "read_receipt": """
(path,) = fox.save("fox.png")
sd.read_receipt(path).prompt  # -> 'a red fox'
""",
    "load_images": """
images = sd.load_images([fox, fox.image])
len(images)  # -> 2
""",
    "login": """
sd.login  # sd.login() asks for the key with a hidden prompt
""",
    "logout": """
sd.logout()
""",
    "default_client": """
sd.default_client().backend.name  # -> 'offline'
""",
    "library": """
len(sd.library)  # -> 1
sd.library[0].prompt  # -> 'a red fox'
[entry.prompt for entry in sd.library.search("red")]  # -> ['a red fox']
""",
    "batches": """
foxes = sd.batch(prompt="a fox", seed=[1, 2], name="two foxes")
len(sd.batches["two foxes"])  # -> 2
""",
}
VALUES = {
    "Studio": """
studio = sd.Studio(prompt="a red fox", image_size="4:3")  # as a cell's last line: the widget
result = studio.submit().result()  # what Generate does
studio.image.size  # -> (2304, 1728)
""",
    "Request": """
request = sd.Request("a fox", image_size="16:9 1K", seed=3)
request.arguments["image_size"]  # -> {'width': 1312, 'height': 736}
sd.Request.from_json(request.to_json()) == request  # -> True
""",
    "Result": """
(fox.seed, fox.backend, len(fox))  # -> (7, 'offline', 1)
fox.arrays[0].shape  # -> (1024, 1024, 3)
paths = fox.save("pictures/")  # untouched files, with their receipts
""",
    "Job": """
from concurrent.futures import as_completed

jobs = [sd.submit(animal, image_size="1:1 1K") for animal in ("a fox", "an owl")]
[future.result().image.size for future in as_completed(job.future for job in jobs)]
all(job.done for job in jobs)  # -> True
jobs[0].cancel()  # -> False
""",
    "Client": """
client = sd.Client("offline", library="another library")
result = client.submit(sd.Request("a fox", image_size="1:1 1K")).result()
len(client.library)  # -> 1
client.close()
""",
    "Library": """
library = sd.Library("another library")
len(library)  # -> 0
""",
    "Batch": """
batch = sd.batch(prompt="a {red|white} fox", image_size="1:1 1K", seed=[5])
isinstance(batch, sd.Batch)  # -> True
len(batch)  # -> 2
""",
    "Batches": """
isinstance(sd.batches, sd.Batches)  # -> True
""",
    "Receipt": """
receipt = fox.receipt
(receipt.prompt, receipt.seed, receipt.model)  # -> ('a red fox', 7, 'v4')
sd.Receipt.from_json(receipt.to_json()) == receipt  # -> True
""",
    "ImageInput": """
(image,) = sd.load_images(fox.image)
(type(image).__name__, image.width, image.height)  # -> ('ImageInput', 1024, 1024)
""",
    "ImageUrl": """
(image,) = sd.load_images("https://example.com/fox.png")
isinstance(image, sd.ImageUrl)  # -> True
""",
    "ENDPOINTS": """
sd.ENDPOINTS["fal-ai/bytedance/seedream/v4/edit"].max_inputs  # -> 10
""",
    "SIZES": """
sd.SIZES["4:3", "2K"]  # -> Size(width=2304, height=1728)
""",
}
ERRORS = {
    "SeedreamError": """
try:
    sd.generate("a fox offline:refuse", progress=False)
except sd.SeedreamError as error:  # whatever this package raises
    caught = error
type(caught).__name__  # -> 'ContentRejectedError'
""",
    "RequestError": """
try:
    sd.generate("a fox", size="4:3")
except sd.RequestError as error:
    caught = error
str(caught)  # -> 'size is not an argument of a request; did you mean image_size=?'
""",
    "ImageInputError": """
try:
    sd.edit("no such file.png", "at night")
except sd.ImageInputError as error:
    caught = error
caught.field  # -> 'images'
""",
    "CredentialsError": """
try:
    sd.Client("fal")
except sd.CredentialsError as error:
    caught = error
"FAL_KEY" in str(caught)  # -> True
""",
    "BackendError": """
try:
    sd.generate("a fox offline:fail", progress=False)
except sd.BackendError as error:
    caught = error
caught.billing  # -> 'no'
""",
    "ContentRejectedError": """
try:
    sd.generate("a fox offline:refuse", progress=False)
except sd.ContentRejectedError as error:
    caught = error
"safety checker" in str(caught)  # -> True
""",
    "SubmitUnknownError": """
issubclass(sd.SubmitUnknownError, sd.BackendError)  # -> True
""",
    "ResultError": """
try:
    sd.library.get("no such request")
except sd.ResultError as error:
    caught = error
"no result" in str(caught)  # -> True
""",
    "BudgetError": """
issubclass(sd.BudgetError, sd.SeedreamError)  # -> True
""",
    "JobCancelled": """
job = sd.submit("a fox offline:slow 100")
job.cancel()
try:
    job.result(60)
except sd.JobCancelled as error:
    caught = error
caught.billing in ("no", "maybe")  # -> True
""",
    "JobTimeout": """
job = sd.submit("a fox offline:slow 100")
try:
    job.result(0)
except sd.JobTimeout as error:
    caught = error
job.done  # -> False
""",
    "MissingPackageError": """
issubclass(sd.MissingPackageError, ImportError)  # -> True
""",
    "PromptWarning": """
issubclass(sd.PromptWarning, UserWarning)  # -> True
""",
}
EXAMPLES = {**FUNCTIONS, **VALUES, **ERRORS}
