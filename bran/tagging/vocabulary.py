"""Words that name the same in disease names: organs and their adjectives, and heads that say little."""

from __future__ import annotations

from bran.tagging.normal_forms import STOP_WORDS, stem

_SAME = """
disease: disorder abnormality abnormal complication condition damage deficit disturbance dysfunction illness
disease: impairment impaired injury lesion pathology problem toxicity toxic syndrome symptom event manifestation sign
neoplasm: adenoma cancer cancerous carcinogenesis carcinogenic malignancy malignant neoplasia neoplastic tumor
neoplasm: tumorigenesis tumorigenic tumorous
infection: infected infectious
inflammation: inflammatory
pain: painful ache
hemorrhage: hemorrhagic bleeding
obstruction: obstructive occlusion occlusive
rupture: ruptured
loss: decreased decrease reduced reduction diminished decline
increase: increased elevated elevation raised
kidney: renal nephro
liver: hepatic hepato hepatocellular
heart: cardiac myocardial myocardium cardio
lung: pulmonary
brain: cerebral
stomach: gastric
intestine: intestinal bowel enteric
eye: ocular ophthalmic
vision: visual
hearing: auditory
ear: otic aural
skin: cutaneous dermal
bone: osseous skeletal
muscle: muscular myo
nerve: neural neuronal
nervous: neurologic neurological
joint: articular
blood: hematologic hematological
vein: venous
artery: arterial
vascular: vessel
bladder: vesical
ovary: ovarian
testis: testicular testes testicle
uterus: uterine
prostate: prostatic
breast: mammary
thyroid: thyroidal
pancreas: pancreatic
esophagus: esophageal
mouth: oral
throat: pharyngeal pharynx
larynx: laryngeal
spleen: splenic
nose: nasal
tooth: dental teeth
fetus: fetal
newborn: neonatal neonate
child: childhood pediatric infantile
bile: biliary
cognition: cognitive
memory: amnestic
psychosis: psychotic
seizure: convulsion convulsive convulsant epileptic
depression: depressive depressed
anxiety: anxious
hypertension: hypertensive
hypotension: hypotensive
ischemia: ischemic
thrombosis: thrombotic
embolism: embolic emboli
fibrosis: fibrotic
necrosis: necrotic
edema: edematous
allergy: allergic hypersensitivity
diabetes: diabetic
anemia: anemic
obesity: obese
schizophrenia: schizophrenic
dystonia: dystonic
dyskinesia: dyskinetic
parkinsonism: parkinsonian
paralysis: palsy paralytic
"""

_ROOTS = {
    stem(word): head
    for line in _SAME.strip().splitlines()
    for head, _, words in [line.partition(":")]
    for word in [head, *words.split()]
}
GENERIC = "disease"
"""What the words stand for that say only that something is wrong (``disorder``, ``damage``)."""


def plain_words(light: str) -> tuple[str, ...]:
    """The words of a light form, each as its stem or, for diseases, as the word for all that name the same.

    ``"renal dysfunction"`` and ``"kidney diseases"`` are both ``("kidney", "disease")``.
    """
    forms = [form for form in light.split() if form not in STOP_WORDS and form != "s"]
    stems = (stem(form) for form in forms or light.split())
    return tuple(dict.fromkeys(_ROOTS.get(stem_, stem_) for stem_ in stems))
