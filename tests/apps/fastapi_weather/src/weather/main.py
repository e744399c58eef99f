"""The weather over HTTP."""

from fastapi import FastAPI, HTTPException

from weather import forecast, stations

app = FastAPI()


@app.get("/")
async def index() -> dict[str, object]:
    await stations.record(stations.Reading(station="north", celsius=4.5, wind=3))
    await stations.record(stations.Reading(station="north", celsius=6.5, wind=5))
    readings = await stations.of("north")
    return {"mean": forecast.mean(readings), "readings": readings}


@app.get("/stations/{name}")
async def station(name: str) -> list[stations.Reading]:
    try:
        return await stations.of(name)
    except stations.UnknownStation as error:
        raise HTTPException(404, str(error)) from error
